"""What the agent says when it does not do something: a reason code and a sentence."""

from enum import StrEnum


class Reason(StrEnum):
    """Reason codes that arise on the device; the first block is the table of ``docs/protocols/device.md`` section 5."""

    ORDER_MALFORMED = "order_malformed"
    ORDER_SIGNATURE_INVALID = "order_signature_invalid"
    ORDER_KEY_INVALID = "order_key_invalid"
    ORDER_WRONG_DEVICE = "order_wrong_device"
    ORDER_SUPERSEDED = "order_superseded"
    ORDER_EXPIRED = "order_expired"
    ACCOUNT_NAME_TAKEN = "account_name_taken"
    ACCOUNT_NAME_NOT_ALLOWED = "account_name_not_allowed"
    ACCOUNT_MISSING = "account_missing"
    ACCOUNT_NOT_ADOPTABLE = "account_not_adoptable"
    ACCOUNT_PASSCODE_WANTED = "account_passcode_wanted"
    ACCOUNT_PASSCODE_WRONG = "account_passcode_wrong"
    TOO_MANY_TRIES = "too_many_tries"
    UID_TAKEN = "uid_taken"
    GID_TAKEN = "gid_taken"
    UID_OUT_OF_RANGE = "uid_out_of_range"
    ROOT_INCOMPLETE = "root_incomplete"
    DISK_FULL = "disk_full"
    READ_ONLY = "read_only"
    TOOL_FAILED = "tool_failed"
    PASSCODE_REFUSED = "passcode_refused"

    ANOTHER_PERSON = "another_person"
    CODE_EXPIRED = "code_expired"
    CODE_WRONG = "code_wrong"
    HELP_DESK_UNKNOWN = "help_desk_unknown"
    TOO_MANY_CODES = "too_many_codes"
    TOO_MANY_SIGN_INS = "too_many_sign_ins"
    ACCOUNTS_UNREACHABLE = "accounts_unreachable"
    CONVERSATION_ENDED = "conversation_ended"
    ENROLLMENT_KEY_INVALID = "enrollment_key_invalid"
    ENROLLED_ELSEWHERE = "enrolled_elsewhere"
    NAMESPACE_UNAVAILABLE = "namespace_unavailable"
    NOT_ENROLLED = "not_enrolled"
    NOT_PERMITTED = "not_permitted"
    ORDER_ROOT_MISMATCH = "order_root_mismatch"
    SERVER_ADDRESS_INVALID = "server_address_invalid"
    SERVER_ANSWER_INVALID = "server_answer_invalid"
    SERVER_UNREACHABLE = "server_unreachable"
    STATE_UNREADABLE = "state_unreadable"


class Refusal(Exception):  # noqa: N818 - a refusal is an outcome that is reported, not a defect
    """Something was not done, for a reason that is safe to show.

    ``reason`` is a code of ours or one that the server sent; ``message`` says what happened, why, and what to do next.
    """

    def __init__(self, reason: str, message: str, *, sign_in_id: str | None = None) -> None:
        super().__init__(message)
        self.reason = str(reason)
        self.message = message
        self.sign_in_id = sign_in_id
