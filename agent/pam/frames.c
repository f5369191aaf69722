/* Reads and writes frames: a type byte, four bytes of length (big-endian, at most 65,535), UTF-8 text without NUL. */
#define _GNU_SOURCE
#include "frames.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HEAD 5u

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait until `fd` is ready; the deadline is for the whole frame, so a peer that drips bytes gains nothing. */
static int ready(int fd, short events, long long deadline)
{
	struct pollfd waiting = {.fd = fd, .events = events};
	for (;;) {
		long long left = deadline - now_ms();
		if (left <= 0)
			return -1;
		int found = poll(&waiting, 1, (int)left);
		if (found > 0)
			return 0;
		if (found < 0 && errno != EINTR)
			return -1;
	}
}

static int move(int fd, char *bytes, size_t count, long long deadline, int out)
{
	while (count > 0) {
		if (ready(fd, out ? POLLOUT : POLLIN, deadline))
			return -1;
		ssize_t moved = out ? send(fd, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT) : read(fd, bytes, count);
		if (moved < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (moved <= 0)
			return -1;
		bytes += moved;
		count -= (size_t)moved;
	}
	return 0;
}

int frame_read(int fd, int milliseconds, struct frame *frame)
{
	long long deadline = now_ms() + milliseconds;
	unsigned char head[HEAD];

	memset(frame, 0, sizeof *frame);
	if (move(fd, (char *)head, HEAD, deadline, 0))
		return -1;
	uint32_t length = (uint32_t)head[1] << 24 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 | head[4];
	if (length > FRAME_MOST)
		return -1;
	frame->text = calloc(1, (size_t)length + 1);
	if (!frame->text)
		return -1;
	frame->type = (char)head[0];
	frame->length = length;
	if (move(fd, frame->text, length, deadline, 0) || memchr(frame->text, 0, length)) {
		frame_free(frame);
		return -1;
	}
	return 0;
}

int frame_write(int fd, int milliseconds, char type, const char *text, size_t length)
{
	if (length > FRAME_MOST)
		return -1;
	char *bytes = malloc(HEAD + length);
	if (!bytes)
		return -1;
	bytes[0] = type;
	for (int i = 0; i < 4; i++)
		bytes[1 + i] = (char)(length >> (8 * (3 - i)));
	if (length)
		memcpy(bytes + HEAD, text, length);
	int failed = move(fd, bytes, HEAD + length, now_ms() + milliseconds, 1);
	explicit_bzero(bytes, HEAD + length);
	free(bytes);
	return failed;
}

void frame_free(struct frame *frame)
{
	if (frame->text)
		explicit_bzero(frame->text, frame->length);
	free(frame->text);
	frame->text = NULL;
}
