/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory and the lock that keeps a second daemon out of it. Held
 * by the kernel, so that it ends with the process, however that ends.
 */
#ifndef CORE_DAEMON_LOCK_H
#define CORE_DAEMON_LOCK_H

#include <edgeway/error.h>

/*
 * Make the directory when it is missing (mode 0700) and lock it. The lock is
 * given back by closing *fd_out. -EBUSY: another daemon has it, err names its
 * process; -errno, err says what is wrong.
 */
int lock_state_dir(const char *path, int *fd_out, struct ew_error *err) EW_CHECKED;

/* Make a directory when it is missing. -errno, err says why. */
int lock_make_dir(const char *path, unsigned mode, struct ew_error *err) EW_CHECKED;

#endif
