/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number that ties a death to its birth: one more for every CONNECT, from 0
 * to 255 and round, and on disk before the CONNECT goes out. One that was not
 * used is no harm: only equality counts.
 */
#ifndef MODULES_SPARKPLUG_BDSEQ_H
#define MODULES_SPARKPLUG_BDSEQ_H

#include <stdint.h>

/*
 * Take the next number. A file that cannot be understood counts as none.
 *
 * Errors: what open(2), write(2), fsync(2), rename(2) say: nothing was taken
 */
int bdseq_next(const char *directory, uint8_t *number_out);

#endif
