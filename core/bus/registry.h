/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who owns which devices and tags, and their ids.
 *
 * An *owner* is the name behind an endpoint: it outlives a reload, so that
 * devices, ids, batch numbers and the blocks still on their way go on. Owners
 * are few and stay until the bus is freed.
 *
 * Changes are made on the owner's loop, under the registry's lock; the lock
 * is for other threads that walk or look up names. The gate of a tag is what
 * ew_publish() checks, without the lock.
 *
 * A removed name keeps its id as a tombstone. When an owner has more than
 * TOMBSTONES_MAX of a kind, the oldest is recycled, as soon as no receiver
 * knows it and no block is out that was filled before its removal.
 */
#ifndef CORE_BUS_REGISTRY_H
#define CORE_BUS_REGISTRY_H

#include <pthread.h>

#include "core/base/hash.h"
#include "core/base/list.h"
#include "core/bus/block.h"
#include "core/bus/page.h"
#include "core/store/store.h"

#define TOMBSTONES_MAX  1024u

struct endpoint;
struct store_owner;
struct store_tag;

/* What ew_publish() must know of a tag. */
#define GATE_OWNER(gate)    ((gate) & 0xffffu)
#define GATE_CARRIER(gate)  ((gate) >> 16 & 0xfu)
#define GATE_SHAPED         0x100000u   /* scale, offset or clamp: see its version */
#define GATE_BYTES          0x200000u   /* text or bytes */

struct owner {
	struct list node;               /* of the registry */
	uint16_t index;                 /* from 1: what gates hold */
	char *name;
	/*
	 * Guards endpoint. Who posts to it reads, and so does the loop that is
	 * woken by the post: neither waits for the other.
	 */
	pthread_rwlock_t signal_lock;
	struct endpoint *endpoint;      /* NULL: nobody at present */
	bool is_kept;                   /* bus->lock: reloads, its routes wait for it */
	atomic_bool listens;            /* wants to hear of room or acknowledgements too */
	struct block_pool *pool;
	struct store_owner *stored;     /* its name in the log; loop; NULL: not asked yet */
	struct store_totals said;       /* in the log before the last append; loop */
	_Atomic uint64_t appending;     /* the log's end when the last append began; all bits
					 * set: what it appended is in the queues */
	atomic_bool asks_durable;       /* waits to hear how far the log is on disk */
	uint64_t number;                /* of the last batch; loop */
	uint32_t serial;                /* of the last version; loop */
	struct list devices;            /* struct device.owned; registry lock */
	struct list dead_devices;       /* tombstones, oldest first */
	uint32_t device_count, tag_count;
	uint32_t dead_device_count, dead_tag_count;
	uint32_t dead_tag_first, dead_tag_last; /* tombstones, oldest first */
};

struct device {
	struct list owned;
	uint32_t id;
	struct owner *owner;
	struct device_version *version; /* also names a tombstone */
	bool is_dead;
	bool is_nameless;               /* dead, and another owner has its path */
	bool is_kept;                   /* from before a reload, not declared again yet */
	unsigned dead_epoch;
	atomic_uint holders;            /* receivers that know it */
	uint32_t *tags;                 /* ids, in order of declaration */
	uint32_t tag_count, tag_room;
};

struct tag_cell {
	struct tag_version *version;    /* also names a tombstone; NULL: never used */
	uint32_t next_same;             /* next id with the same hash */
	uint32_t next_dead, prev_dead;  /* in the owner's queue of tombstones */
	atomic_uint holders;
	uint32_t dead_epoch;
	uint8_t is_dead;
	uint8_t is_kept;
};

_Static_assert(sizeof(struct tag_cell) == 32, "two in a cache line");

struct registry {
	pthread_mutex_t lock;
	struct list owners;
	uint16_t owner_count;
	struct hash paths;              /* path -> struct device, tombstones too */
	struct page_table devices;      /* struct device * */
	struct page_table tags;         /* struct tag_cell */
	struct page_table gates;        /* _Atomic uint32_t */
	uint32_t *buckets;              /* (device, name) -> first tag id */
	uint32_t bucket_count;
	uint32_t device_ids, tag_ids;   /* highest in use */
	uint32_t live_devices, live_tags, dead;
};

int registry_init(struct registry *registry);
void registry_fini(struct registry *registry);

static inline void registry_lock(struct registry *registry)
{
	(void)pthread_mutex_lock(&registry->lock);
}

static inline void registry_unlock(struct registry *registry)
{
	(void)pthread_mutex_unlock(&registry->lock);
}

/* The owner of that name, made when new. NULL: -ENOMEM. Takes the lock. */
struct owner *registry_owner(struct registry *registry, const char *name);

/* By id; NULL: none, or a tombstone. Lock held, or owner's loop for its own. */
struct device *registry_device(const struct registry *registry, uint32_t id);
struct tag_cell *registry_tag(const struct registry *registry, uint32_t id);

/* The same with tombstones. */
struct device *registry_any_device(const struct registry *registry, uint32_t id);

static inline struct tag_cell *registry_any_tag(const struct registry *registry, uint32_t id)
{
	return (struct tag_cell *)page_table_find(&registry->tags, id);
}

/* Are the blocks that were out in this epoch of the owner all back? Owner's loop. */
bool owner_epoch_is_over(struct owner *owner, unsigned epoch);

/* By name, tombstones left out. Lock held. EW_NO_ID: none. */
uint32_t registry_find_device(const struct registry *registry, const char *path);
uint32_t registry_find_tag(const struct registry *registry, uint32_t device, const char *name);

/* The gate of a tag; 0: not declared. Any thread. */
static inline uint32_t registry_gate(const struct registry *registry, uint32_t tag)
{
	_Atomic uint32_t *gate = (_Atomic uint32_t *)page_table_find(&registry->gates, tag);

	return gate == NULL ? 0 : atomic_load_explicit(gate, memory_order_relaxed);
}

/* Receivers say which ids they know; such an id is not recycled. Any thread. */
void registry_hold_device(struct registry *registry, uint32_t id);
void registry_drop_device(struct registry *registry, uint32_t id);
void registry_hold_tag(struct registry *registry, uint32_t id);
void registry_drop_tag(struct registry *registry, uint32_t id);

/* What a declaration came to. */
struct registry_change {
	uint32_t id;
	enum ew_change change;  /* EW_DECLARED or EW_UPDATED */
	bool is_same;           /* known already, word for word: nothing to tell anybody */
	bool was_kept;          /* from before a reload */
};

/*
 * Declare, take up again, or change; info's id and state are not read. Owner's
 * loop; takes the lock. -EEXIST: another owner has the path (*other_out names
 * it); -EMSGSIZE: no ids left; -ENOMEM.
 */
int registry_declare_device(struct registry *registry, struct owner *owner,
			    const struct ew_device_info *info, struct registry_change *change_out,
			    const char **other_out);
int registry_declare_tag(struct registry *registry, struct device *device,
			 const struct ew_tag_info *info, struct registry_change *change_out);

/* What ew_publish() checks; 0 closes it. Owner's loop. */
void registry_set_gate(struct registry *registry, uint32_t tag, uint32_t gate);

/* Replace a device's version by one with this state. Takes the lock. -ENOMEM. */
int registry_set_state(struct registry *registry, struct device *device, enum ew_state state,
		       const char *reason, ew_time since);

/* A tag that only the log speaks of, and its device: versions and ids are held. */
struct recalled {
	struct device_version *device;
	struct tag_version *tag;
	uint32_t owner;         /* index, of the device */
};

/*
 * The tag of that device and name as it is now; when nobody declares it, a
 * tombstone made ahead of its life, so that its id stays with the name. Any
 * thread; takes the lock. -ENOMEM, -EMSGSIZE: no ids left.
 */
int registry_recall(struct registry *registry, struct owner *owner, const struct store_tag *tag,
		    struct recalled *recalled_out);
void registry_recalled_fini(struct registry *registry, struct recalled *recalled);

/* The part of it that concerns the tag; lock held. */
int registry_recall_tag(struct registry *registry, struct device *device,
			const struct store_tag *tag, uint32_t *id_out);

/*
 * Make a tombstone of a tag, or of a device whose tags are all buried. Owner's
 * loop; takes the lock. The version stays: it names the tombstone.
 */
void registry_bury_tag(struct registry *registry, uint32_t tag);
void registry_bury_device(struct registry *registry, struct device *device);

#endif
