/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the desk share: the desk itself, finding tags by name, and
 * samples as JSON. Loop's thread only.
 */
#ifndef CORE_CTL_PLACE_H
#define CORE_CTL_PLACE_H

#include "core/base/list.h"
#include "core/ctl/desk.h"

#define DESK_WATCHES_MAX  CTL_CONNECTIONS_MAX
#define DESK_TEXT_MAX     65536         /* bytes of a text that is shown */

struct desk {
	struct bus *bus;
	struct loop *loop;
	struct post_queue posts;        /* what other loops send back, and control lanes */
	struct endpoint *endpoint;      /* asks for writes */
	bool is_leaving;
	struct list writes;             /* struct desk_write: not answered yet */
	struct list watches;            /* struct watch: open, or on their way out */
	bool names[DESK_WATCHES_MAX];   /* in use: edgewayctl/1, /2, ... */
	uint64_t token;                 /* of the last write */
};

/* A tag as a command needs it; copied, so that no lock is held. */
struct desk_tag {
	uint32_t id;
	uint32_t device;
	unsigned type;
	enum ew_carrier carrier;
	unsigned access;
	char unit[64];
	char name[EW_PATH_MAX + EW_NAME_MAX + 2];       /* `device:tag` */
};

/* By `device:tag`. -ENOENT: none. */
int desk_find_tag(struct desk *desk, const char *name, struct desk_tag *tag_out);

/* Answer a request that names no tag, or one that is not there. */
void desk_no_tag(struct ctl_request *request, const char *name);

/* "value", "quality", "reason", "time" of a sample of a tag of this type. */
void desk_add_sample(struct buf *row, const struct ew_sample *sample, unsigned type);

/* Name, type and access of a tag. */
void desk_add_tag(struct buf *row, const struct desk_tag *tag);

/*
 * The value that a person wrote, for a tag of this type. Text is borrowed; an
 * array's or bytes' value is in hexadecimal digits, put into `bytes`.
 * -EINVAL with err.
 */
int desk_parse_value(const struct desk_tag *tag, const char *text, struct buf *bytes,
		     struct ew_sample *sample_out, struct ew_error *err);

/* A duration of the request; `fallback` when it is not given. -EINVAL: told. */
int desk_duration(struct ctl_request *request, const char *key, ew_dur fallback,
		  ew_dur *value_out);

/* Commands. arg is the desk. */
void desk_run_devices(struct ctl_request *request, void *arg);
void desk_run_tags(struct ctl_request *request, void *arg);
void desk_run_get(struct ctl_request *request, void *arg);
void desk_run_watch(struct ctl_request *request, void *arg);
void desk_run_write(struct ctl_request *request, void *arg);
void desk_run_routes(struct ctl_request *request, void *arg);
void desk_run_store(struct ctl_request *request, void *arg);
void desk_run_ledger(struct ctl_request *request, void *arg);
void desk_run_why(struct ctl_request *request, void *arg);

/* The answer to a write. self is the desk. */
void desk_answered(void *self, const struct ew_write_answer *answer);

/* Free what was never answered. */
void writes_forget(struct desk *desk);

/* Let an open watch go; its request is answered or gone. */
struct watch;
void watch_leave(struct watch *watch);
void watches_leave(struct desk *desk);

/* Is this the place of an open watch? */
bool watches_have(const struct desk *desk, const char *endpoint);

#endif
