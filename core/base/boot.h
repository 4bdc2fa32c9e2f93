/* SPDX-License-Identifier: Apache-2.0 */
/* Which boot of the machine this is. Any thread. */
#ifndef CORE_BASE_BOOT_H
#define CORE_BASE_BOOT_H

#include <stddef.h>

#define BOOT_ID_SIZE 40 /* a UUID in text, and zero bytes */

/* The kernel's id of this boot; "" when it does not say. */
void boot_id_read(char boot_out[BOOT_ID_SIZE]);

#endif
