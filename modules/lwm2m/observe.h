/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Observations of a server, and the attributes that it attached to paths: when
 * a change is worth a Notify. No I/O, no clock; runs on the instance's loop.
 *
 * A Notify carries the whole of what is observed, as it is when it leaves. One
 * that would say the same as the last is left out, unless pmax asks for it.
 * A new registration voids all observations; attributes stay.
 */
#ifndef MODULES_LWM2M_OBSERVE_H
#define MODULES_LWM2M_OBSERVE_H

#include <edgeway/bus.h>

#include "modules/lwm2m/tree.h"
#include "proto/lwm2m/attributes.h"

#define OBSERVE_MAX        64u          /* observations, and paths with attributes */
#define OBSERVE_PATHS_MAX  2048u        /* bytes of a composite one's list */

/* A path that outlives the request it came in. */
struct observe_path {
	struct lwm2m_path path;
	char prefix[LWM2M_PREFIX_MAX];
};

struct observation {
	bool is_used;
	uint64_t token;
	struct observe_path at;         /* when there is no list */
	uint8_t *paths;                 /* SenML-ETCH CBOR; NULL: one path */
	size_t paths_size;
	struct lwm2m_notified notified;
	uint64_t said;                  /* hash of the last payload */
	bool due;                       /* a change is worth telling now */
	ew_dur later;                   /* or then; INT64_MAX: no */
};

struct observe_attached {
	struct observe_path at;
	struct lwm2m_attributes attributes;
};

struct observe_ops {
	/* The present content of an observation; 0, or the result that there is instead. */
	unsigned (*content)(void *arg, const struct lwm2m_path *path, struct lwm2m_text paths,
			    struct lwm2m_text *payload_out, unsigned *content_out);
	/* -errno: not now. */
	int (*notify)(void *arg, uint64_t token, unsigned content, struct lwm2m_text payload);
	void *arg;
};

struct observe {
	struct observe_ops ops;
	const struct tree *tree;
	struct observation list[OBSERVE_MAX];
	struct observe_attached attached[OBSERVE_MAX];
	size_t attached_count;
};

void observe_init(struct observe *observe, const struct observe_ops *ops,
		  const struct tree *tree);
void observe_fini(struct observe *observe);

/*
 * Begin an observation whose first content, an answer, has been made. paths.at
 * NULL: of path. -ENOSPC too many; -EMSGSIZE the list is too long; -ENOMEM.
 */
int observe_begin(struct observe *observe, uint64_t token, const struct lwm2m_path *path,
		  struct lwm2m_text paths, ew_dur now);

/* What the answer said, so that the first Notify does not repeat it. */
void observe_said(struct observe *observe, uint64_t token, struct lwm2m_text payload);

/* False: there is none with this token. */
bool observe_end(struct observe *observe, uint64_t token);
void observe_end_all(struct observe *observe);

/* -EINVAL: they make no sense; -ENOSPC: too many paths have attributes. */
int observe_attach(struct observe *observe, const struct lwm2m_path *path,
		   const struct lwm2m_message *message);

/* What is attached to this very path; NULL: nothing. */
const struct lwm2m_attributes *observe_attached(const struct observe *observe,
						const struct lwm2m_path *path);

/* Samples came. */
void observe_samples(struct observe *observe, const struct ew_batch *batch, ew_dur now);

/* What is at or below a path may be different: whoever observes any of it looks again. */
void observe_touch(struct observe *observe, const struct lwm2m_path *path);

/* Notify what is due. */
void observe_work(struct observe *observe, ew_dur now);

/* When observe_work() has something to do by time; INT64_MAX: never. */
ew_dur observe_due(const struct observe *observe);

#endif
