"""The append-only record of every change and every sign-in: write, search, seal, verify.

`actions.Audit.record` is what other slices call, inside their own unit of work. `sealer.AuditSealer` chains the entries in
batches afterwards and signs each batch's header with a key that lives outside the database, so that writers never queue for one
another; `chain` says what a header and an entry are as bytes and which contradictions a verification can find. What a sign-in
recorded step by step is elsewhere, in `trust.signin`; log lines for operators are no audit and are written with structlog.
"""
