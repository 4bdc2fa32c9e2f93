/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a tag fares on each route of its publisher: the question behind
 * `edgewayctl why`. Asked from any thread, answered on the publisher's loop.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bus/inside.h"

struct question {
	struct post post;
	struct endpoint *publisher;
	uint32_t tag;
	void (*fn)(void *arg, const struct route_why *why);
	void (*done)(void *arg);
	void *arg;
};

static const char *const held_back_names[] = {
	[HELD_NOTHING] = "",
	[HELD_DEADBAND] = "deadband",
	[HELD_INTERVAL] = "min_interval",
};

static void look_reported(const struct route *route, uint32_t tag, struct route_why *why)
{
	const struct reported *last =
		route->reported.pages == NULL ? NULL : page_table_find(&route->reported, tag);

	why->held_back = "";
	if (last == NULL || last->at == 0) {
		return;
	}
	why->has_reported = true;
	why->reported.tag = tag;
	why->reported.type = last->type;
	why->reported.quality = last->quality;
	why->reported.flags = last->flags;
	why->reported.v.raw[0] = last->raw;
	why->held_back = held_back_names[last->why];
}

static void look_route(const struct question *question, const struct route *route,
		       const char *device, const char *tag)
{
	int rule = filter_match_tag(route->filter, device, tag);
	struct route_why why = {
		.from = route->owner->name,
		.to = route->receiver->name,
		.passes = rule >= 0,
		.lost = atomic_load_explicit(&route->lost_samples, memory_order_relaxed),
	};

	if (rule >= 0) {
		const struct report *report = &route->filter->rules[rule].report;

		why.pattern = filter_pattern(route->filter, rule, device, tag);
		why.report = report->exception ? ROUTE_REPORT_EXCEPTION : ROUTE_REPORT_ALL;
	}
	look_reported(route, question->tag, &why);
	question->fn(question->arg, &why);
}

static void question_end(struct post *post)
{
	struct question *question = container_of(post, struct question, post);

	question->done(question->arg);
	free(question);
}

static void question_run(struct post *post)
{
	const struct question *question = container_of(post, struct question, post);
	const struct endpoint *publisher = question->publisher;
	const struct registry *registry = &publisher->bus->registry;
	const struct tag_cell *cell = NULL;

	if (GATE_OWNER(registry_gate(registry, question->tag)) == publisher->owner->index) {
		cell = registry_tag(registry, question->tag);
	}
	for (size_t i = 0; cell != NULL && i < publisher->fed_count; i++) {
		const struct ew_tag_info *info = &cell->version->info;
		const struct device *device = registry_device(registry, info->device);

		look_route(question, publisher->fed[i], device->version->info.spec.path,
			   info->spec.name);
	}
	question_end(post);
}

static struct endpoint *find_publisher(struct bus *bus, uint32_t owner)
{
	struct list *node;

	list_for_each(node, &bus->endpoints) {
		struct endpoint *endpoint = list_entry(node, struct endpoint, node);

		if (endpoint->owner->index == owner && !endpoint->is_leaving) {
			return endpoint;
		}
	}
	return NULL;
}

int bus_why(struct bus *bus, uint32_t tag,
	    void (*fn)(void *arg, const struct route_why *why), void (*done)(void *arg), void *arg)
{
	struct question *question = calloc(1, sizeof(*question));
	int error = -ENOENT;

	if (question == NULL) {
		return -ENOMEM;
	}
	*question = (struct question){
		.post = { .run = question_run, .drop = question_end },
		.tag = tag,
		.fn = fn,
		.done = done,
		.arg = arg,
	};
	(void)pthread_mutex_lock(&bus->lock);
	question->publisher = find_publisher(bus, GATE_OWNER(registry_gate(&bus->registry, tag)));
	if (question->publisher != NULL) {
		error = post_push(question->publisher->config.control, &question->post);
	}
	(void)pthread_mutex_unlock(&bus->lock);
	if (error != 0) {
		free(question);
	}
	return error;
}
