/* Frames between the PAM module and homeport-accounts: docs/protocols/device.md, section 8. */
#ifndef HOMEPORT_FRAMES_H
#define HOMEPORT_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_MOST 65535u

/* One frame that was read. `text` is NUL-terminated, holds no other NUL, and is the caller's to free with frame_free(). */
struct frame {
	char type;
	uint32_t length;
	char *text;
};

/* Read one frame from `fd` within `milliseconds` in all. 0, or -1 when it is late, malformed, or the peer is gone. */
int frame_read(int fd, int milliseconds, struct frame *frame);

/* Write one frame within `milliseconds`. 0, or -1. */
int frame_write(int fd, int milliseconds, char type, const char *text, size_t length);

/* Zero and free the text. */
void frame_free(struct frame *frame);

#endif
