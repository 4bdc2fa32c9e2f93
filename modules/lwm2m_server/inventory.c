/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP side: what there is. Clients with the devices behind them and what
 * they have, object definitions, and what became of a request.
 */
#include <edgeway/http.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/lwm2m_server/answer.h"
#include "modules/lwm2m_server/lwm2m_server.h"
#include "modules/lwm2m_server/text.h"
#include "proto/lwm2m/link.h"

#define NODES_MAX  65536u       /* of a tree */

static struct peer *inventory_peer(const struct lwm2m_server *self,
				   const struct ew_http_request *req)
{
	const char *name = ew_http_param(req, "device");

	return peers_find(&self->server.peers, (struct lwm2m_text){name, strlen(name)});
}

static void inventory_put_peer(struct text *body, const struct peer *peer, bool has_objects)
{
	text_words(body, "{\"endpoint\":");
	text_string(body, peer->endpoint, strlen(peer->endpoint));
	text_words(body, ",\"lifetime\":");
	text_unsigned(body, peer->lifetime);
	text_words(body, ",\"version\":");
	text_string(body, peer->version, strlen(peer->version));
	text_words(body, ",\"registered\":");
	text_time(body, peer->registered);
	text_words(body, ",\"updated\":");
	text_time(body, peer->updated);
	if (has_objects) {
		text_words(body, ",\"objects\":");
		text_string(body, peer->links, strlen(peer->links));
	}
	text_words(body, ",\"devices\":[");
	for (const struct peer_device *d = peer->devices, *first = NULL; d != NULL; d = d->next) {
		if (d->prefix[0] == '\0') {
			continue;
		}
		text_words(body, first == NULL ? "" : ",");
		first = d;
		text_words(body, "{\"prefix\":");
		text_string(body, d->prefix, strlen(d->prefix));
		text_words(body, ",\"name\":");
		text_string(body, d->name == NULL ? "" : d->name,
			    d->name == NULL ? 0 : strlen(d->name));
		text_put(body, "}", 1);
	}
	text_words(body, "],\"observations\":[");
	for (const struct peer_watch *w = peer->watches; w != NULL; w = w->next) {
		text_words(body, w == peer->watches ? "{\"observation\":" : ",{\"observation\":");
		text_unsigned(body, w->token);
		text_words(body, ",\"path\":");
		text_string(body, w->uri, strlen(w->uri));
		text_words(body, w->is_pending ? ",\"pending\":true}" : "}");
	}
	text_words(body, "]}");
}

static void inventory_on_devices(void *arg, struct ew_http_request *req)
{
	const struct lwm2m_server *self = arg;
	struct text body = text_of(ANSWER_MAX);
	const char *after = ew_http_query(req, "after", 0);
	const char *most = ew_http_query(req, "limit", 0);
	const struct peer *first = self->server.peers.first;
	int64_t limit = INT64_MAX;

	if (most != NULL && (lwm2m_integer_parse(most, strlen(most), &limit) != 0 || limit < 1)) {
		(void)ew_http_reply_error(&req, 400, "`limit` is not a number above 0");
		return;
	}
	if (after != NULL) {
		first = peers_find(&self->server.peers, (struct lwm2m_text){after, strlen(after)});
		if (first == NULL) {
			(void)ew_http_reply_error(&req, 404, "`after` is not registered");
			return;
		}
		first = first->next;
	}
	text_put(&body, "[", 1);
	for (const struct peer *peer = first; peer != NULL && limit > 0; peer = peer->next) {
		limit--;
		text_words(&body, peer == first ? "" : ",");
		inventory_put_peer(&body, peer, false);
	}
	text_words(&body, "]\n");
	answer_reply(&req, 200, NULL, &body);
}

static void inventory_on_device(void *arg, struct ew_http_request *req)
{
	const struct lwm2m_server *self = arg;
	const struct peer *peer = inventory_peer(self, req);
	struct text body = text_of(ANSWER_MAX);

	if (peer == NULL) {
		(void)ew_http_reply_error(&req, 404, "not registered");
		return;
	}
	inventory_put_peer(&body, peer, true);
	text_put(&body, "\n", 1);
	answer_reply(&req, 200, NULL, &body);
}

/* ---- what a client has ---- */

/* One path of the tree: in the object list, or with a value that came. */
struct inventory_node {
	const char *prefix;
	uint16_t ids[LWM2M_PATH_IDS];
	uint8_t depth;
};

struct inventory_tree {
	struct inventory_node *nodes;
	size_t count, room;
	bool failed;
};

static void tree_add(struct inventory_tree *tree, const char *prefix, unsigned depth,
		     const uint16_t *ids)
{
	struct inventory_node *node;

	if (tree->count == tree->room) {
		size_t room = tree->room == 0 ? 64 : 2 * tree->room;
		struct inventory_node *nodes = room > NODES_MAX ? NULL :
			realloc(tree->nodes, room * sizeof(*nodes));

		if (nodes == NULL) {
			tree->failed = true;
			return;
		}
		tree->nodes = nodes;
		tree->room = room;
	}
	node = &tree->nodes[tree->count++];
	memset(node, 0, sizeof(*node));
	node->prefix = prefix;
	node->depth = (uint8_t)(depth < LWM2M_RESOURCE ? depth : LWM2M_RESOURCE);
	memcpy(node->ids, ids, node->depth * sizeof(ids[0]));
}

static void tree_on_tag(void *arg, const char *prefix, unsigned depth, const uint16_t *ids)
{
	tree_add(arg, prefix, depth, ids);
}

static int tree_compare(const void *a, const void *b)
{
	const struct inventory_node *x = a, *y = b;
	int order = strcmp(x->prefix, y->prefix);

	for (unsigned i = 0; i < LWM2M_RESOURCE && order == 0; i++) {
		order = (i < x->depth ? x->ids[i] : -1) - (i < y->depth ? y->ids[i] : -1);
	}
	return order;
}

static void tree_build(struct inventory_tree *tree, const struct lwm2m_server *self,
		       const struct peer *peer)
{
	struct lwm2m_links links;
	struct lwm2m_link link;

	lwm2m_links_begin(&links, peer->links, strlen(peer->links));
	while (lwm2m_links_next(&links, &link) > 0) {
		if (link.path.depth > 0) {
			tree_add(tree, "", link.path.depth, link.path.ids);
		}
	}
	tags_each(&self->tags, peer, tree_on_tag, tree);
	if (tree->count > 0) {
		qsort(tree->nodes, tree->count, sizeof(tree->nodes[0]), tree_compare);
	}
}

/* The levels that a node closes and opens after the one before it. */
static unsigned tree_common(const struct inventory_node *a, const struct inventory_node *b)
{
	unsigned common = 0;

	while (common < a->depth && common < b->depth && a->ids[common] == b->ids[common]) {
		common++;
	}
	return common;
}

static void tree_close(struct text *body, unsigned from, unsigned to)
{
	for (unsigned level = from; level > to; level--) {
		text_words(body, level == LWM2M_RESOURCE ? "}" : "]}");
	}
}

static void tree_open(const struct catalog *catalog, struct text *body,
		      const struct inventory_node *node, unsigned level)
{
	const struct lwm2m_object *object = catalog_object(catalog, node->ids[0]);
	const struct lwm2m_path path = lwm2m_path_of(node->depth, node->ids);
	struct lwm2m_resource resource;
	const char *name = NULL;

	if (level == 0) {
		name = object == NULL ? NULL : object->name;
	} else if (level == 2 && catalog_resource(catalog, &path, &resource)) {
		name = resource.name;
	}
	text_words(body, "{\"id\":");
	text_unsigned(body, node->ids[level]);
	if (name != NULL) {
		text_words(body, ",\"name\":");
		text_string(body, name, strlen(name));
	}
	text_words(body, level == 0 ? ",\"instances\":[" : level == 1 ? ",\"resources\":[" : "");
}

/* The nodes of one prefix from `at` on; returns where the next prefix begins. */
static size_t tree_put(const struct catalog *catalog, struct text *body,
		       const struct inventory_tree *tree, size_t at)
{
	const struct inventory_node *before = NULL;
	size_t first = at;

	for (; at < tree->count && strcmp(tree->nodes[at].prefix, tree->nodes[first].prefix) == 0;
	     at++) {
		const struct inventory_node *node = &tree->nodes[at];
		unsigned common = before == NULL ? 0 : tree_common(before, node);

		if (before != NULL) {
			tree_close(body, before->depth, common);
		}
		for (unsigned level = common; level < node->depth; level++) {
			text_words(body, level == common && before != NULL &&
				   before->depth > common ? "," : "");
			tree_open(catalog, body, node, level);
		}
		before = node;
	}
	if (before != NULL) {
		tree_close(body, before->depth, 0);
	}
	return at;
}

static void tree_put_device(struct text *body, const struct peer *peer, const char *prefix)
{
	const struct peer_device *device = peer->devices;

	while (device != NULL && strcmp(device->prefix, prefix) != 0) {
		device = device->next;
	}
	text_words(body, "{\"prefix\":");
	text_string(body, prefix, strlen(prefix));
	if (device != NULL && device->name != NULL) {
		text_words(body, ",\"name\":");
		text_string(body, device->name, strlen(device->name));
	}
	text_words(body, ",\"objects\":[");
}

static void inventory_on_tree(void *arg, struct ew_http_request *req)
{
	const struct lwm2m_server *self = arg;
	const struct peer *peer = inventory_peer(self, req);
	struct inventory_tree tree = {0};
	struct text body = text_of(ANSWER_MAX);
	size_t at = 0;

	if (peer == NULL) {
		(void)ew_http_reply_error(&req, 404, "not registered");
		return;
	}
	tree_build(&tree, self, peer);
	text_words(&body, "{\"endpoint\":");
	text_string(&body, peer->endpoint, strlen(peer->endpoint));
	text_words(&body, ",\"devices\":[");
	while (at < tree.count && !tree.failed) {
		text_words(&body, at == 0 ? "" : ",");
		tree_put_device(&body, peer, tree.nodes[at].prefix);
		at = tree_put(&self->catalog, &body, &tree, at);
		text_words(&body, "]}");
	}
	text_words(&body, "]}\n");
	body.failed = body.failed || tree.failed;
	free(tree.nodes);
	answer_reply(&req, 200, NULL, &body);
}

/* ---- definitions ---- */

static void inventory_put_resource(struct text *body, const struct lwm2m_resource *resource)
{
	text_words(body, "{\"id\":");
	text_unsigned(body, resource->id);
	text_words(body, ",\"name\":");
	text_string(body, resource->name, strlen(resource->name));
	if (resource->type != LWM2M_NONE) {
		text_words(body, ",\"type\":\"");
		text_words(body, lwm2m_type_name((enum lwm2m_type)resource->type));
		text_put(body, "\"", 1);
	}
	text_words(body, ",\"operations\":\"");
	text_words(body, (resource->operations & LWM2M_READABLE) != 0 ? "R" : "");
	text_words(body, (resource->operations & LWM2M_WRITABLE) != 0 ? "W" : "");
	text_words(body, (resource->operations & LWM2M_EXECUTABLE) != 0 ? "E" : "");
	text_put(body, "\"", 1);
	if (resource->unit != NULL) {
		text_words(body, ",\"unit\":");
		text_string(body, resource->unit, strlen(resource->unit));
	}
	if (resource->low < resource->high) {
		text_words(body, ",\"low\":");
		text_number(body, resource->low);
		text_words(body, ",\"high\":");
		text_number(body, resource->high);
	}
	text_words(body, resource->is_multiple ? ",\"multiple\":true" : ",\"multiple\":false");
	text_words(body, resource->is_mandatory ? ",\"mandatory\":true}" :
		   ",\"mandatory\":false}");
}

static void inventory_put_object(const struct catalog *catalog, struct text *body,
				 const struct lwm2m_object *object, bool has_resources)
{
	const struct catalog_object *own = catalog_own(catalog, object->id);

	text_words(body, "{\"id\":");
	text_unsigned(body, object->id);
	text_words(body, ",\"name\":");
	text_string(body, object->name, strlen(object->name));
	text_words(body, ",\"version\":");
	text_string(body, object->version, strlen(object->version));
	text_words(body, object->is_multiple ? ",\"multiple\":true" : ",\"multiple\":false");
	text_words(body, own != NULL ? ",\"source\":\"file\"" : ",\"source\":\"built in\"");
	text_words(body, has_resources ? ",\"resources\":[" : "");
	for (size_t i = 0; has_resources && i < object->own_count + object->shared_count; i++) {
		uint16_t id = i < object->own_count ? object->own[i].id :
			      object->shared[i - object->own_count];
		struct lwm2m_resource resource;

		text_words(body, i == 0 ? "" : ",");
		(void)lwm2m_resource_find(object, id, &resource);       /* it is in the list */
		inventory_put_resource(body, &resource);
	}
	text_words(body, has_resources ? "]}" : "}");
}

static void inventory_on_objects(void *arg, struct ew_http_request *req)
{
	const struct lwm2m_server *self = arg;
	const struct lwm2m_object *object = catalog_from(&self->catalog, 0);
	struct text body = text_of(ANSWER_MAX);

	text_put(&body, "[", 1);
	for (bool is_first = true; object != NULL;
	     object = catalog_from(&self->catalog, object->id + 1u), is_first = false) {
		text_words(&body, is_first ? "" : ",");
		inventory_put_object(&self->catalog, &body, object, false);
	}
	text_words(&body, "]\n");
	answer_reply(&req, 200, NULL, &body);
}

static void inventory_on_object(void *arg, struct ew_http_request *req)
{
	const struct lwm2m_server *self = arg;
	const char *name = ew_http_param(req, "object");
	const struct lwm2m_object *object = NULL;
	struct text body = text_of(ANSWER_MAX);
	struct lwm2m_path path;
	int64_t id;

	if (lwm2m_integer_parse(name, strlen(name), &id) == 0) {
		object = id >= 0 && id < LWM2M_NO_ID ?
			 catalog_object(&self->catalog, (unsigned)id) : NULL;
	} else if (catalog_path(&self->catalog, name, &path) == 0 &&
		   path.depth == LWM2M_OBJECT) {
		object = catalog_object(&self->catalog, path.ids[0]);
	}
	if (object == NULL) {
		(void)ew_http_reply_error(&req, 404, "no such object is defined");
		return;
	}
	inventory_put_object(&self->catalog, &body, object, true);
	text_put(&body, "\n", 1);
	answer_reply(&req, 200, NULL, &body);
}

/* ---- requests ---- */

static void inventory_on_request(void *arg, struct ew_http_request *req)
{
	struct lwm2m_server *self = arg;
	const char *name = ew_http_param(req, "id");
	struct text body = text_of(ANSWER_MAX);
	const struct ask *ask = NULL;
	int64_t id;

	if (lwm2m_integer_parse(name, strlen(name), &id) == 0 && id > 0) {
		ask = asks_find(&self->server.asks, (uint64_t)id);
	}
	if (ask == NULL) {
		(void)ew_http_reply_error(&req, 404, "no such request, or it is forgotten");
		return;
	}
	answer_ask(&self->catalog, &body, ask);
	text_put(&body, "\n", 1);
	answer_reply(&req, 200, NULL, &body);
}

const struct api_read inventory_reads[] = {
	{"/api/lwm2m/devices", "clients that are registered", inventory_on_devices},
	{"/api/lwm2m/devices/{device}", "one client", inventory_on_device},
	{"/api/lwm2m/devices/{device}/objects", "what one client has", inventory_on_tree},
	{"/api/lwm2m/objects", "objects that are defined", inventory_on_objects},
	{"/api/lwm2m/objects/{object}", "the definition of one object", inventory_on_object},
	{"/api/lwm2m/requests/{id}", "what became of a request", inventory_on_request},
};
const size_t inventory_read_count = sizeof(inventory_reads) / sizeof(inventory_reads[0]);
