/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <time.h>

#include "core/base/check.h"
#include "core/base/clock.h"

#include "tests/lib/player.h"

struct call {
	struct post post;
	void (*fn)(void *arg);
	void *arg;
	atomic_bool is_done;
};

bool wait_until(bool (*test)(void *arg), void *arg)
{
	const struct timespec moment = { .tv_nsec = 200000 };
	int64_t end = clock_mono() + PLAYER_PATIENCE;

	while (!test(arg)) {
		if (clock_mono() > end) {
			return false;
		}
		(void)nanosleep(&moment, NULL);
	}
	return true;
}

static bool is_true(void *arg)
{
	return atomic_load((atomic_bool *)arg);
}

static void run_call(struct post *post)
{
	struct call *call = container_of(post, struct call, post);

	call->fn(call->arg);
	atomic_store(&call->is_done, true);
}

static void drop_call(struct post *post)
{
	(void)post;
	check(false);
}

static void call_on(struct post_queue *queue, void (*fn)(void *arg), void *arg)
{
	struct call call = { .post = { .run = run_call, .drop = drop_call }, .fn = fn,
			     .arg = arg };

	atomic_init(&call.is_done, false);
	check(post_push_always(queue, &call.post) == 0);
	check(wait_until(is_true, &call.is_done));
}

void player_call(struct player *player, void (*fn)(void *arg), void *arg)
{
	call_on(&player->control, fn, arg);
}

struct opening {
	struct player *player;
	void (*fn)(void *self);
	void *self;
};

static void open_player(void *arg)
{
	const struct opening *opening = arg;

	if (opening->fn != NULL) {
		opening->fn(opening->self);
	}
	endpoint_set_self(opening->player->endpoint, opening->self);
}

void player_start(struct player *player, struct bus *bus, const struct ew_module *module,
		  void (*fn)(void *self), void *self)
{
	const struct endpoint_config config = {
		.name = player->name,
		.module = module,
		.loop = player->loop,
		.control = &player->control,
	};
	struct opening opening = { player, fn, self };

	atomic_init(&player->has_left, false);
	post_queue_init(&player->control, player->loop, 1024);
	if (player->door.task.loop == NULL) {
		post_queue_init(&player->door, player->loop, 8);
	}
	check(endpoint_new(bus, &config, &player->endpoint) == 0);
	player_call(player, open_player, &opening);
	check(endpoint_join(player->endpoint) == 0);
}

static void note_left(void *arg, struct endpoint *endpoint)
{
	(void)endpoint;
	atomic_store(&((struct player *)arg)->has_left, true);
}

static void fini_control(void *arg)
{
	post_queue_fini(&((struct player *)arg)->control);
}

void player_stop(struct player *player, bool keep)
{
	check(endpoint_leave(player->endpoint, keep, note_left, player) == 0);
	check(wait_until(is_true, &player->has_left));
	/* a lane cannot end from inside itself */
	call_on(&player->door, fini_control, player);
	endpoint_free(&player->endpoint);
}
