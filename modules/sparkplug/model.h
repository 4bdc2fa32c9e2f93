/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node, its devices and their metrics: what the bus declares, as Sparkplug
 * needs it. Found by the bus's ids, which are small numbers, so that a sample
 * costs one look into an array.
 *
 * One device of the bus, by default `gateway`, is the node itself: its tags are
 * the node's metrics. Every other one is a device of the node.
 */
#ifndef MODULES_SPARKPLUG_MODEL_H
#define MODULES_SPARKPLUG_MODEL_H

#include <edgeway/module.h>

#include "modules/sparkplug/alias.h"
#include "proto/sparkplug/message.h"
#include "proto/sparkplug/topic.h"

struct model_device;

struct model_metric {
	uint32_t tag;
	uint32_t alias;
	unsigned type;                  /* enum sp_type */
	bool is_executable;             /* and not to be set */
	bool is_born;                   /* a birth of its device had it */
	uint64_t last_report;           /* the message that it was put into last */
	uint64_t last_ms;               /* with this time */
	bool is_member;                 /* of its device's instance of a template */
	uint32_t opening;               /* of the instance that it was put into last */
	struct model_device *device;
	struct model_metric *next;      /* of the device, in the order of declaration */
	char name[];
};

enum model_life {
	MODEL_UNBORN = 0,               /* no host knows it */
	MODEL_BORN = 1
};

struct template_definition;

/* The part of a device that is said as one metric: an instance of a template. */
struct model_instance {
	const struct template_definition *of;   /* NULL: the device is none */
	struct model_metric *metric;    /* its name and alias; no tag */
	uint64_t ms;                    /* newest time that was said of it */
	/* members that become one metric of the report */
	struct sp_writer open;
	uint64_t open_ms;               /* newest time in it */
	uint32_t opening;               /* counts them */
	bool is_historical;             /* all that is in it */
	bool is_closed;                 /* the report has one already */
	bool is_apart;                  /* it does not fit what was made with it: no instance */
};

struct model_device {
	uint32_t id;                    /* of the bus; EW_NO_ID: the node without a device */
	bool is_node;
	bool is_up;                     /* its owner says so */
	bool is_removed;                /* gone from the bus; freed when no host knows it */
	bool is_stale;                  /* metrics changed: the birth has to be repeated */
	enum model_life life;
	ew_dur not_before;              /* no birth before; damps one that flaps */
	ew_dur pause;                   /* the last wait of that kind */
	ew_dur born_at;
	uint64_t born_mark;             /* batches before this one are in its birth */
	uint32_t metric_count;
	struct model_metric *metrics, **metrics_end;
	/* the message that is being made; memory of its own, grown to what it needs */
	struct sp_writer report;
	uint64_t report_number;
	uint64_t report_ms;             /* newest time in it */
	bool has_history;               /* something in it is historical */
	uint64_t birth_order;           /* place in the round of births */
	struct model_instance instance;
	char topic_device[SP_ID_MAX + 1];       /* the device's id; "" for the node */
	char path[];
};

struct model {
	struct alias_book *book;        /* borrowed */
	struct model_device **devices;  /* by id */
	struct model_metric **metrics;  /* by tag */
	struct model_metric **aliases;  /* by alias */
	size_t device_room, metric_room, alias_room;
	struct model_device *node;      /* always there */
	const char *node_path;          /* device of the bus that is the node */
	size_t room_size;               /* most that any value needs of a value_room */
};

/* node_path and book are borrowed. Errors: -ENOMEM */
int model_init(struct model *model, const char *node_path, struct alias_book *book);
void model_fini(struct model *model);

/*
 * A device of the bus; known already or new.
 *
 * Errors: -EINVAL  no id can be made of its path;  -EEXIST  another device has the id;  -ENOMEM
 */
int model_add_device(struct model *model, const struct ew_device_info *info,
		     struct model_device **device_out);

/* NULL: not known. */
struct model_device *model_device(const struct model *model, uint32_t id);
struct model_metric *model_metric(const struct model *model, uint32_t tag);
struct model_metric *model_by_alias(const struct model *model, uint64_t alias);
struct model_device *model_by_topic(const struct model *model, struct sp_bytes device);
struct model_metric *model_by_name(const struct model_device *device, struct sp_bytes name);

/* The node first, then every device by its id; previous NULL: the first. */
struct model_device *model_next(const struct model *model, const struct model_device *previous);

/*
 * A tag, new or changed. Its device has to be born again.
 *
 * Errors: -ENOENT   its device is not in the model;  -ENOTSUP  Sparkplug has no such type
 *         -EEXIST   the name is one of the node's own;  -ENOSPC, -ENOMEM
 */
int model_add_tag(struct model *model, const struct ew_tag_info *info);

void model_remove_tag(struct model *model, uint32_t tag);

/*
 * Give the device's instance of a template its name and alias.
 *
 * Errors: -EEXIST  a tag has the name;  -ENOSPC, -ENOMEM
 */
int model_name_instance(struct model *model, struct model_device *device, const char *name);

/* Forgets it with all its metrics. The node stays, without a device of the bus. */
void model_remove_device(struct model *model, struct model_device *device);

#endif
