/* SPDX-License-Identifier: Apache-2.0 */
/* The id that the kernel makes up at each boot. */
#include "core/base/boot.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

void boot_id_read(char boot_out[BOOT_ID_SIZE])
{
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, boot_out, BOOT_ID_SIZE - 1);
	size_t size = got < 0 ? 0 : (size_t)got;

	if (fd >= 0) {
		(void)close(fd);
	}
	boot_out[size] = '\0';
	size = strcspn(boot_out, "\n");
	memset(boot_out + size, 0, BOOT_ID_SIZE - size);
}
