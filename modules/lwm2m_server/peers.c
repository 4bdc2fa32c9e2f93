/* SPDX-License-Identifier: Apache-2.0 */
/* The clients that are registered: see peers.h. */
#include "modules/lwm2m_server/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/lwm2m/link.h"

static size_t peers_slot(const struct peers *peers, struct lwm2m_text text)
{
	uint64_t hash = lwm2m_text_hash(text);

	return (size_t)(hash ^ hash >> 32) & (peers->slot_count - 1);
}

int peers_init(struct peers *peers, size_t limit)
{
	memset(peers, 0, sizeof(*peers));
	peers->limit = limit;
	for (peers->slot_count = 64; peers->slot_count < limit; peers->slot_count *= 2) {
	}
	peers->slots = calloc(peers->slot_count, sizeof(struct peer *));
	return peers->slots == NULL ? -ENOMEM : 0;
}

void peers_fini(struct peers *peers)
{
	while (peers->first != NULL) {
		struct peer *peer = peers->first;

		peers_remove(peers, &peer);
	}
	free(peers->slots);
	peers->slots = NULL;
}

struct peer *peers_find(const struct peers *peers, struct lwm2m_text endpoint)
{
	struct peer *peer = peers->slots[peers_slot(peers, endpoint)];

	while (peer != NULL && !lwm2m_text_is(endpoint, peer->endpoint)) {
		peer = peer->chain;
	}
	return peer;
}

int peers_add(struct peers *peers, struct lwm2m_text endpoint, struct peer **peer_out)
{
	struct peer **slot = &peers->slots[peers_slot(peers, endpoint)];
	struct peer *peer;

	if (peers->count >= peers->limit) {
		return -ENOSPC;
	}
	peer = calloc(1, sizeof(*peer));
	if (peer == NULL) {
		return -ENOMEM;
	}
	peer->endpoint = strndup(endpoint.at, endpoint.size);
	peer->links = strdup("");
	if (peer->endpoint == NULL || peer->links == NULL) {
		free(peer->endpoint);
		free(peer->links);
		free(peer);
		return -ENOMEM;
	}
	peer->chain = *slot;
	*slot = peer;
	peer->next = peers->first;
	if (peer->next != NULL) {
		peer->next->previous = peer;
	}
	peers->first = peer;
	peers->count++;
	*peer_out = peer;
	return 0;
}

void peers_remove(struct peers *peers, struct peer **owned)
{
	struct peer *peer = *owned;
	struct peer **at = &peers->slots[peers_slot(peers, (struct lwm2m_text){
		peer->endpoint, strlen(peer->endpoint)})];

	*owned = NULL;
	while (*at != peer) {
		at = &(*at)->chain;
	}
	*at = peer->chain;
	if (peer->previous != NULL) {
		peer->previous->next = peer->next;
	} else {
		peers->first = peer->next;
	}
	if (peer->next != NULL) {
		peer->next->previous = peer->previous;
	}
	peers->count--;
	while (peer->watches != NULL) {
		peer_watch_remove(peers, peer, peer->watches->token);
	}
	while (peer->devices != NULL) {
		struct peer_device *device = peer->devices;

		peer->devices = device->next;
		free(device->name);
		free(device);
	}
	free(peer->objects);
	free(peer->links);
	free(peer->endpoint);
	free(peer);
}

static int peer_compare_ids(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* The objects of a list into `ids`, which may be NULL; how many, or -EPROTO. */
static int peer_collect(struct lwm2m_text text, uint16_t *ids)
{
	struct lwm2m_links links;
	struct lwm2m_link link;
	int count = 0;
	int rc;

	lwm2m_links_begin(&links, text.at, text.size);
	while ((rc = lwm2m_links_next(&links, &link)) > 0) {
		if (link.path.depth >= LWM2M_OBJECT) {
			if (ids != NULL) {
				ids[count] = link.path.ids[0];
			}
			count++;
		}
	}
	return rc < 0 ? rc : count;
}

int peer_set_links(struct peer *peer, struct lwm2m_text text)
{
	int count;
	uint16_t *objects;
	char *links;

	if (text.size > PEER_LINKS_MAX) {
		return -EMSGSIZE;
	}
	count = peer_collect(text, NULL);
	if (count < 0) {
		return count;
	}
	objects = calloc((size_t)count + 1, sizeof(*objects));
	links = strndup(text.at, text.size);
	if (objects == NULL || links == NULL) {
		free(objects);
		free(links);
		return -ENOMEM;
	}
	(void)peer_collect(text, objects);      /* the same answer as before */
	qsort(objects, (size_t)count, sizeof(*objects), peer_compare_ids);
	free(peer->objects);
	free(peer->links);
	peer->objects = objects;
	peer->object_count = (size_t)count;
	peer->links = links;
	return 0;
}

bool peer_has_object(const struct peer *peer, unsigned object)
{
	uint16_t id = (uint16_t)object;

	return peer->object_count > 0 &&
	       bsearch(&id, peer->objects, peer->object_count, sizeof(id),
		       peer_compare_ids) != NULL;
}

/* ---- observations ---- */

struct peer_watch *peer_watch_find(struct peer *peer, uint64_t token)
{
	struct peer_watch *watch = peer->watches;

	while (watch != NULL && watch->token != token) {
		watch = watch->next;
	}
	return watch;
}

int peer_watch_add(struct peers *peers, struct peer *peer, const struct peer_watch *watch)
{
	struct peer_watch *added = calloc(1, sizeof(*added));

	if (added == NULL) {
		return -ENOMEM;
	}
	*added = *watch;
	if (watch->paths != NULL) {
		added->paths = malloc(watch->paths_size);
		if (added->paths == NULL) {
			free(added);
			return -ENOMEM;
		}
		memcpy(added->paths, watch->paths, watch->paths_size);
	}
	added->next = peer->watches;
	peer->watches = added;
	peers->watch_count++;
	peers->pending_count += added->is_pending ? 1 : 0;
	peer->pending_count += added->is_pending ? 1 : 0;
	return 0;
}

void peer_watch_set_pending(struct peers *peers, struct peer *peer, struct peer_watch *watch,
			    bool is_pending)
{
	if (watch->is_pending != is_pending) {
		watch->is_pending = is_pending;
		peers->pending_count += is_pending ? 1 : (size_t)-1;
		peer->pending_count += is_pending ? 1 : (size_t)-1;
	}
}

void peer_watch_remove(struct peers *peers, struct peer *peer, uint64_t token)
{
	struct peer_watch **at = &peer->watches;

	while (*at != NULL && (*at)->token != token) {
		at = &(*at)->next;
	}
	if (*at != NULL) {
		struct peer_watch *watch = *at;

		*at = watch->next;
		peers->watch_count--;
		peer_watch_set_pending(peers, peer, watch, false);
		free(watch->paths);
		free(watch);
	}
}

/* ---- devices ---- */

struct peer_device *peer_device_of(struct peer *peer, const char *prefix, size_t size)
{
	struct peer_device *device = peer->devices;

	while (device != NULL &&
	       (strlen(device->prefix) != size ||
		(size > 0 && memcmp(device->prefix, prefix, size) != 0))) {
		device = device->next;
	}
	if (device != NULL || size > LWM2M_PREFIX_MAX ||
	    peer->device_count == PEER_DEVICES_MAX) {
		return device;
	}
	device = calloc(1, sizeof(*device));
	if (device != NULL) {
		if (size > 0) {
			memcpy(device->prefix, prefix, size);
		}
		device->instance = LWM2M_NO_ID;
		device->next = peer->devices;
		peer->devices = device;
		peer->device_count++;
	}
	return device;
}
