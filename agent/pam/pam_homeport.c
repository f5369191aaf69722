/* pam_homeport: passes a conversation between PAM and homeport-accounts, and decides nothing.
 *
 * No policy, no parsing beyond frames, no network, no memory between phases. Whatever is unknown or late is
 * PAM_AUTHINFO_UNAVAIL, so that the stack goes on to pam_unix and local administrators always get in.
 * Arguments: socket=PATH (default /run/homeport/pam.sock).
 */
#define _GNU_SOURCE
#include "frames.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#define PAM_SM_AUTH
#define PAM_SM_ACCOUNT
#include <security/pam_ext.h>
#include <security/pam_modules.h>

#ifndef PEER_UID
#define PEER_UID 0 /* who must serve the socket; only the tests are built with another */
#endif
#define SOCKET "/run/homeport/pam.sock"
#define FIRST_MS 3000   /* a helper that hangs costs a login this much */
#define MOST_MS 60000   /* what the helper may ask for with W while it waits for others */
#define MOST_FRAMES 256 /* ends a helper that talks for ever */
#define MOST_VALUE 512
#define EXPORTED __attribute__((visibility("default")))

static int connect_helper(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = FIRST_MS / 1000};
	struct ucred peer;
	socklen_t size = sizeof peer;

	if (strlen(path) >= sizeof address.sun_path)
		return -1;
	strcpy(address.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	/* The limit holds for connect() too, when the helper's queue is full. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) ||
	    connect(fd, (struct sockaddr *)&address, sizeof address) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.uid != PEER_UID) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Append "name=value\n"; -1 for a value with a control character or one that is too long. */
static int add(char *hello, size_t room, const char *name, const char *value)
{
	size_t used = strlen(hello);
	if (!value)
		value = "";
	if (strnlen(value, MOST_VALUE + 1) > MOST_VALUE)
		return -1;
	for (const unsigned char *c = (const unsigned char *)value; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			return -1;
	return snprintf(hello + used, room - used, "%s=%s\n", name, value) < (int)(room - used) ? 0 : -1;
}

static const char *item(pam_handle_t *pamh, int kind)
{
	const void *found = NULL;
	return pam_get_item(pamh, kind, &found) == PAM_SUCCESS ? found : NULL;
}

/* Ask the person and hand the answer to the helper; a PAM error when either side is gone. */
static int ask(pam_handle_t *pamh, int fd, int style, const char *prompt)
{
	char *answer = NULL;
	int result = pam_prompt(pamh, style, &answer, "%s", prompt);
	size_t length = answer ? strlen(answer) : 0;
	if (result != PAM_SUCCESS || !answer) {
		frame_write(fd, FIRST_MS, 'X', "", 0);
		result = PAM_CONV_ERR;
	} else if (frame_write(fd, FIRST_MS, 'A', answer, length)) {
		result = PAM_AUTHINFO_UNAVAIL;
	}
	if (answer)
		explicit_bzero(answer, length);
	free(answer);
	return result;
}

static int number(const char *text, int most)
{
	char *end;
	long value = strtol(text, &end, 10);
	return *text < '0' || *text > '9' || *end || value > most ? -1 : (int)value;
}

static int result_of(const char *text)
{
	int code = number(text, INT_MAX);
	switch (code) {
	case PAM_SUCCESS:
	case PAM_PERM_DENIED:
	case PAM_AUTH_ERR:
	case PAM_USER_UNKNOWN:
	case PAM_MAXTRIES:
	case PAM_ACCT_EXPIRED:
	case PAM_IGNORE:
		return code;
	default:
		return PAM_AUTHINFO_UNAVAIL;
	}
}

static int converse(pam_handle_t *pamh, int fd, int silent)
{
	int limit = FIRST_MS;
	for (int i = 0; i < MOST_FRAMES; i++) {
		struct frame frame;
		int result = PAM_SUCCESS;
		if (frame_read(fd, limit, &frame))
			return PAM_AUTHINFO_UNAVAIL;
		char type = frame.type;
		limit = FIRST_MS;
		switch (type) {
		case 'W':
			limit = number(frame.text, MOST_MS);
			result = limit < 0 ? PAM_AUTHINFO_UNAVAIL : PAM_SUCCESS;
			break;
		case 'I':
		case 'E':
			if (!silent)
				pam_prompt(pamh, type == 'I' ? PAM_TEXT_INFO : PAM_ERROR_MSG, NULL, "%s", frame.text);
			break;
		case 'S':
		case 'V':
			result = ask(pamh, fd, type == 'S' ? PAM_PROMPT_ECHO_OFF : PAM_PROMPT_ECHO_ON, frame.text);
			break;
		case 'U':
			result = pam_set_item(pamh, PAM_USER, frame.text);
			break;
		case 'R':
			result = result_of(frame.text);
			frame_free(&frame);
			return result;
		default:
			result = PAM_AUTHINFO_UNAVAIL;
		}
		frame_free(&frame);
		if (result != PAM_SUCCESS)
			return result;
	}
	return PAM_AUTHINFO_UNAVAIL;
}

static int relay(pam_handle_t *pamh, const char *op, int flags, int argc, const char **argv)
{
	const char *path = SOCKET, *user = NULL;
	char hello[8 * (MOST_VALUE + 16)] = "";

	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "socket=", 7))
			path = argv[i] + 7;
	if (pam_get_user(pamh, &user, NULL) != PAM_SUCCESS || !user)
		return PAM_USER_UNKNOWN;
	if (!strcmp(user, "root")) /* never ours: root gets in whatever the helper does */
		return PAM_USER_UNKNOWN;
	if (add(hello, sizeof hello, "op", op) || add(hello, sizeof hello, "user", user) ||
	    add(hello, sizeof hello, "service", item(pamh, PAM_SERVICE)) ||
	    add(hello, sizeof hello, "tty", item(pamh, PAM_TTY)) || add(hello, sizeof hello, "rhost", item(pamh, PAM_RHOST)) ||
	    add(hello, sizeof hello, "ruser", item(pamh, PAM_RUSER)))
		return PAM_USER_UNKNOWN;
	int fd = connect_helper(path);
	if (fd < 0)
		return PAM_AUTHINFO_UNAVAIL;
	int result = PAM_AUTHINFO_UNAVAIL;
	if (!frame_write(fd, FIRST_MS, 'H', hello, strlen(hello)))
		result = converse(pamh, fd, (flags & (int)PAM_SILENT) != 0);
	close(fd);
	if (result == PAM_AUTHINFO_UNAVAIL)
		pam_syslog(pamh, LOG_NOTICE, "homeport-accounts gave no usable answer for %s", op);
	return result;
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return relay(pamh, "auth", flags, argc, argv);
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	return relay(pamh, "acct", flags, argc, argv);
}

/* sshd and login call it after every authentication; there is nothing to set, and anything but success refuses the login. */
EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return PAM_SUCCESS;
}
