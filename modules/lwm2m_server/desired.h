/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Desired states: values that clients are to have, by name or by pattern of
 * their endpoint. When a client registers, and when a state is said anew, the
 * server reads the paths, writes those that differ, and reads again:
 *
 *	PENDING   the client has not answered, and is asked again with its next Update
 *	APPLIED   it has the values
 *	DIFFERS   it took the write, and still says another value
 *	FAILED    it refused the write
 *
 * States and the status of each client are kept on disk. On the instance's loop.
 */
#ifndef MODULES_LWM2M_SERVER_DESIRED_H
#define MODULES_LWM2M_SERVER_DESIRED_H

#include "modules/lwm2m_server/body.h"

#define DESIRED_MAX       64u           /* states */
#define DESIRED_NAME_MAX  63u           /* bytes of a name: letters, digits, . _ - */

#define DESIRED_STATUSES(X)     \
	X(PENDING, "pending")   \
	X(APPLIED, "applied")   \
	X(DIFFERS, "differs")   \
	X(FAILED, "failed")

enum desired_status {
#define DESIRED_STATUS_ENUM(name, word) DESIRED_##name,
	DESIRED_STATUSES(DESIRED_STATUS_ENUM)
#undef DESIRED_STATUS_ENUM
};

struct lwm2m_server;
struct peer;
struct desired_run;

struct desired {
	struct desired *next;
	char name[DESIRED_NAME_MAX + 1];
	uint64_t version;               /* another one each time it is said */
	char *json;                     /* as it was said */
	struct body body;
};

struct desired_states {
	struct desired *first;          /* in no order */
	size_t count;
	uint64_t version;
	struct desired_run *runs;
};

const char *desired_status_name(enum desired_status status);

/*
 * Say a state: devices and values of a JSON body. -EPROTO with one sentence in
 * *why_out; -ENOSPC too many; -ENOMEM; -EIO it cannot be kept.
 */
int desired_put(struct lwm2m_server *self, const char *name, const char *json, size_t size,
		const char **why_out);

/* -ENOENT, -EIO. What clients have stays as it is. */
int desired_drop(struct lwm2m_server *self, const char *name);

/* NULL: none. */
const struct desired *desired_find(const struct lwm2m_server *self, const char *name);

/* Take up what was kept. -EIO, -ENOMEM. */
int desired_load(struct lwm2m_server *self);
void desired_close(struct lwm2m_server *self);

/* A client has registered, or updated, and has its answer. */
void desired_on_spoke(struct lwm2m_server *self, struct peer *peer, bool is_register);

#endif
