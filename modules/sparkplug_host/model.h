/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host knows of the world: nodes, their devices, their metrics. It
 * grows by what anybody on the broker says, so everything in it has a limit,
 * and whatever would pass one is refused with -EDQUOT. Pure: no bus, no clock.
 *
 * The node itself is the first of its devices, with an empty name.
 */
#ifndef MODULES_SPARKPLUG_HOST_MODEL_H
#define MODULES_SPARKPLUG_HOST_MODEL_H

#include <edgeway/sample.h>

#include "modules/sparkplug_host/index.h"
#include "proto/sparkplug/topic.h"

struct model_limits {
	uint64_t groups;
	uint64_t nodes;
	uint64_t devices;       /* of one node */
	uint64_t metrics;       /* of one device */
	uint64_t name;          /* bytes of a metric's name */
	uint64_t bytes;         /* of memory for all of it */
};

enum model_life {
	MODEL_UNBORN = 0,       /* it was heard of, no birth was */
	MODEL_ALIVE = 1,
	MODEL_STALE = 2,        /* it was alive when we last could tell */
	MODEL_DEAD = 3
};

struct model_metric {
	struct model_metric *next;      /* of the device */
	struct model_device *device;
	bool is_awaited;                /* a command may wait to see it */
	struct index_key by_name, by_alias;
	uint64_t alias;
	uint64_t round;                 /* of births: when it was named last */
	unsigned type;                  /* enum sp_type */
	uint32_t tag;                   /* of the bus; 0: it has no place there */
	uint32_t max_bytes;             /* of its text or bytes on the bus */
	bool is_writable, is_executable;
	bool is_short;                  /* it calls its definition without the folder */
	const struct model_definition *definition; /* it is an instance, no tag; NULL: a value */
	struct model_metric *instance;  /* it is a member of this one; NULL: at the top */
	bool has_last;
	struct ew_sample last;          /* what was published; its text is not kept */
	char name[];
};

struct model_device {
	struct model_device *next;      /* of the node; the node itself comes first */
	struct model_node *node;
	struct index_key by_name;
	struct model_metric *metrics, **metrics_end;
	uint64_t metric_count;
	uint64_t round;
	enum model_life life;
	uint64_t since;                 /* ms UTC, when life became what it is */
	int64_t changed;                /* the same, monotonic */
	uint32_t id;                    /* of the bus; 0: none */
	char name[];                    /* "" for the node itself */
};

/* A template that the node's birth has defined. */
struct model_definition {
	struct model_definition *next;
	struct index_key by_name;
	struct sp_bytes value;          /* the encoded Template, behind the name */
	size_t size;                    /* of all of it */
	char name[];
};

struct model_group;
struct held;

struct model_node {
	struct model_node *next, **back;
	struct model_group *group;
	struct index_key by_name;
	struct model_device *self;
	struct model_definition *definitions;
	uint64_t definition_count;
	uint64_t device_count;          /* without itself */
	bool has_bdseq;
	uint64_t bdseq;                 /* of the birth */
	uint64_t births, deaths, gaps, rebirths;
	int64_t heard;                  /* monotonic, the last message */
	/* order, see machine.c */
	uint8_t expected;               /* seq of the next message */
	struct held *held;              /* came too early, in their order */
	unsigned held_count;
	int64_t held_until;             /* 0: nothing is missing */
	/* rebirth requests */
	bool is_asking;                 /* one is due at ask_at */
	unsigned ask_cause;
	unsigned last_cause;
	int64_t ask_at, ask_pause;
	char name[];
};

struct model_group {
	struct model_group *next, **back;
	struct index_key by_name;
	uint64_t node_count;
	char name[];
};

struct model {
	struct model_limits limits;
	struct index index;
	struct model_node *nodes;
	struct model_group *groups;
	uint64_t group_count, node_count, device_count, metric_count, bytes;
};

/* Errors: -ENOMEM */
int model_init(struct model *model, const struct model_limits *limits, uint64_t seed);
void model_fini(struct model *model);

/* NULL: not known. */
struct model_node *model_node(const struct model *model, struct sp_bytes group,
			      struct sp_bytes node);
struct model_device *model_device(const struct model *model, const struct model_node *node,
				  struct sp_bytes device);
struct model_metric *model_metric(const struct model *model, const struct model_device *device,
				  struct sp_bytes name);
struct model_metric *model_alias(const struct model *model, const struct model_node *node,
				 uint64_t alias);

/*
 * Add what is not known yet.
 *
 * Errors: -EDQUOT  a limit of the model;  -ENAMETOOLONG  the name's;  -ENOMEM
 */
int model_add_node(struct model *model, struct sp_bytes group, struct sp_bytes node,
		   struct model_node **node_out);
int model_add_device(struct model *model, struct model_node *node, struct sp_bytes name,
		     struct model_device **device_out);
int model_add_metric(struct model *model, struct model_device *device, struct sp_bytes name,
		     struct model_metric **metric_out);

/* Give a metric its alias. Errors: -EEXIST  another one of the node has it */
int model_set_alias(struct model *model, struct model_metric *metric, uint64_t alias);
void model_clear_alias(struct model *model, struct model_metric *metric);

/*
 * Templates of a node. The definitions of an earlier birth go all together, and
 * what was an instance of one is none until a birth says so.
 *
 * Errors: -EEXIST  it has one of this name;  as model_add_metric()
 */
int model_define(struct model *model, struct model_node *node, struct sp_bytes name,
		 struct sp_bytes value);
void model_undefine(struct model *model, struct model_node *node);
/* NULL: not defined. is_short_out: the reference leaves MODEL_FOLDER out, as some nodes do. */
#define MODEL_FOLDER  "_types_/"
const struct model_definition *model_definition(const struct model *model,
						const struct model_node *node,
						struct sp_bytes reference, bool *is_short_out);

/* Forget, with all below. The first takes the metric out of its device's list at `at`. */
void model_drop_metric(struct model *model, struct model_metric **at);
void model_drop_device(struct model *model, struct model_device **at);
/* Its held messages are the caller's and gone already. */
void model_drop_node(struct model *model, struct model_node *node);

/* The word for a life. */
const char *model_life_name(enum model_life life);

#endif
