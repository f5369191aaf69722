/* libFuzzer target: whatever bytes a peer sends, the frame reader answers a frame within its bounds or -1. */
#include "frames.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];
	struct frame frame;

	if (size > 4 * 1024 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 0;
	if (size && write(pair[0], data, size) != (ssize_t)size)
		abort();
	shutdown(pair[0], SHUT_WR);
	while (!frame_read(pair[1], 1000, &frame)) {
		if (frame.length > FRAME_MOST || strlen(frame.text) != frame.length)
			abort();
		frame_free(&frame);
	}
	close(pair[0]);
	close(pair[1]);
	return 0;
}
