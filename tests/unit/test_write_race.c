/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes between loops that really run, with deadlines that pass, owners that
 * hang, forget, leave and come back, and requesters that leave: every request
 * of a requester that stays has exactly one answer.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/log.h"

#include "tests/lib/player.h"
#include "tests/unit/unit.h"

#define REQUESTS  20000u        /* of each requester */
#define WINDOW    24u           /* of them without an answer */
#define HELD      16u           /* what an owner sits on */

struct owner_self {
	struct player player;
	const char *path;
	_Atomic uint32_t tags[2];       /* requesters read them */
	struct ew_write *held[HELD];
	unsigned next, writes;
	unsigned fail_safes;
};

struct asker_self {
	struct player player;
	struct owner_self *owners[2];
	unsigned seed;
	uint64_t asked, answered;
	unsigned twice, results[3];
	unsigned char seen[REQUESTS + 1];
	atomic_bool is_done;
};

#define ROUND  250u             /* answers between two comings or goings */

static atomic_uint answers;     /* of all */
static struct bus *bus;
static struct loop *loops[3];

/* A test's own sequence: the same in every run. */
static unsigned roll(unsigned *seed, unsigned sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % sides;
}

/* ---- owners ---- */

static void owner_open(void *arg)
{
	struct owner_self *self = arg;
	const struct ew_device_spec device = { .size = sizeof(device), .path = self->path };
	struct ew_tag_spec tag = { .size = sizeof(tag), .name = "Speed", .type = EW_TYPE_F64,
				   .access = EW_ACCESS_READ | EW_ACCESS_WRITE, .high = 100 };
	uint32_t id, speed, valve;

	check(endpoint_device_declare(self->player.endpoint, &device, &id) == 0);
	check(endpoint_tag_declare(self->player.endpoint, id, &tag, &speed) == 0);
	tag.name = "Valve";
	check(endpoint_tag_declare(self->player.endpoint, id, &tag, &valve) == 0);
	atomic_store(&self->tags[0], speed);
	atomic_store(&self->tags[1], valve);
}

/* Some at once, some when their place is needed again, which may be too late or never. */
static void owner_write(void *arg, struct ew_write *write)
{
	struct owner_self *self = arg;
	unsigned place = self->next++ % HELD;

	self->writes++;
	self->fail_safes += write->priority == EW_PRIORITY_FAIL_SAFE ? 1 : 0;
	if (self->writes % 3 != 0) {
		(void)endpoint_write_done(self->player.endpoint, &write, NULL);
		return;
	}
	if (self->held[place] != NULL) {
		(void)endpoint_write_refuse(self->player.endpoint, &self->held[place], -EIO);
	}
	self->held[place] = write;
}

static const struct ew_module owner_module = { .write = owner_write };

static void owner_start(struct owner_self *self)
{
	for (size_t i = 0; i < HELD; i++) {
		self->held[i] = NULL;
	}
	player_start(&self->player, bus, &owner_module, owner_open, self);
}

/* ---- requesters ---- */

static void ask(struct asker_self *self)
{
	struct owner_self *owner = self->owners[roll(&self->seed, 2)];
	struct ew_sample items[2], safe[2];
	struct ew_write_request request = {
		.size = sizeof(request),
		.items = items,
		.count = 1 + roll(&self->seed, 2),
		.priority = roll(&self->seed, 6),
		.timeout = (1 + roll(&self->seed, 20)) * 100 * EW_MICROSECOND,
		.token = self->asked + 1,
	};

	for (size_t i = 0; i < 2; i++) {
		items[i] = ew_sample_f64(owner->tags[i], 0, roll(&self->seed, 110));
		safe[i] = ew_sample_f64(owner->tags[i], 0, 0);
	}
	if (roll(&self->seed, 4) == 0) {
		request.lease = (1 + roll(&self->seed, 5)) * 200 * EW_MICROSECOND;
		request.fail_safe = roll(&self->seed, 2) == 0 ? safe : NULL;
	}
	if (endpoint_write(self->player.endpoint, &request) == 0) {
		self->asked++;
	}
}

static void fill_window(struct asker_self *self)
{
	/* a call that fails asks nothing; the next answer, or the test, tries again */
	for (unsigned i = 0; i < WINDOW && self->asked < REQUESTS &&
			     self->asked - self->answered < WINDOW; i++) {
		ask(self);
	}
}

static void asker_answered(void *arg, const struct ew_write_answer *answer)
{
	struct asker_self *self = arg;

	check(answer->token >= 1 && answer->token <= REQUESTS);
	self->twice += self->seen[answer->token]++ == 0 ? 0 : 1;
	self->answered++;
	atomic_fetch_add(&answers, 1);
	for (size_t i = 0; i < answer->count; i++) {
		self->results[answer->status[i].result]++;
	}
	fill_window(self);
	atomic_store(&self->is_done, self->answered == REQUESTS);
}

static const struct ew_module asker_module = { .answered = asker_answered };

static void prod(void *arg)
{
	fill_window(arg);
}

static void asker_start(struct asker_self *self)
{
	player_start(&self->player, bus, &asker_module, NULL, self);
	player_call(&self->player, prod, self);
}

/* ---- the world ---- */

static void allow_all(void)
{
	static const char *const everything[] = { "**" };
	static const char *const names[] = { "ask-1", "ask-2", "ghost" };
	struct access_rule rules[3];

	for (size_t i = 0; i < 3; i++) {
		rules[i] = (struct access_rule){ .who = names[i], .write = everything,
						 .write_count = 1, .low = NAN, .high = NAN };
	}
	check(bus_set_access(bus, rules, 3, NULL) == 0);
}

static atomic_uint audited;

static void count_audit(void *arg, const struct audit_record *record)
{
	(void)arg;
	(void)record;
	atomic_fetch_add(&audited, 1);
}

static int setup(void **state)
{
	static const char *const names[] = { "one", "two", "three" };

	(void)state;
	log_set_level(LOG_LEVEL_ERROR);
	assert_int_equal(bus_new(&bus), 0);
	bus_set_audit(bus, count_audit, NULL);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(loop_new(names[i], &loops[i]), 0);
		assert_int_equal(loop_start(loops[i]), 0);
	}
	allow_all();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		loop_stop(loops[i]);
		loop_free(&loops[i]);
	}
	bus_free(&bus);
	return 0;
}

static void drop_log(void *arg, enum log_level level, const char *who, const char *text)
{
	(void)arg;
	(void)level;
	(void)who;
	(void)text;
}

struct round {
	const struct asker_self *askers;
	unsigned end;
};

static bool is_round_over(void *arg)
{
	const struct round *round = arg;

	return atomic_load(&answers) - round->end < UINT32_MAX / 2 ||
	       (atomic_load(&round->askers[0].is_done) && atomic_load(&round->askers[1].is_done));
}

static void wait_a_round(const struct asker_self *askers)
{
	struct round round = { askers, atomic_load(&answers) + ROUND };

	assert_true(wait_until(is_round_over, &round));
}

static void test_every_request_has_one_answer_whoever_leaves(void **state)
{
	static struct owner_self owners[2] = {
		{ .player = { .name = "own-1" }, .path = "pump-1" },
		{ .player = { .name = "own-2" }, .path = "pump-2" },
	};
	static struct asker_self askers[2] = {
		{ .player = { .name = "ask-1" }, .seed = 1 },
		{ .player = { .name = "ask-2" }, .seed = 2 },
	};
	static struct asker_self ghost = { .player = { .name = "ghost" }, .seed = 3 };
	unsigned rounds = 0;

	(void)state;
	log_set_sink(drop_log, NULL);
	for (size_t i = 0; i < 2; i++) {
		owners[i].player.loop = loops[i];
		owner_start(&owners[i]);
		askers[i].player.loop = loops[2 - i];
		askers[i].owners[0] = ghost.owners[0] = &owners[0];
		askers[i].owners[1] = ghost.owners[1] = &owners[1];
	}
	ghost.player.loop = loops[1];
	asker_start(&askers[0]);
	asker_start(&askers[1]);
	while (!atomic_load(&askers[0].is_done) || !atomic_load(&askers[1].is_done)) {
		struct owner_self *owner = &owners[rounds % 2];

		assert_true(rounds < 20000);
		if (rounds % 4 < 2) {
			player_stop(&owner->player, rounds % 8 < 4);
			wait_a_round(askers);
			owner_start(owner);
		} else {
			ghost.asked = ghost.answered = 0;
			asker_start(&ghost);
			wait_a_round(askers);
			player_stop(&ghost.player, false);
		}
		player_call(&askers[0].player, prod, &askers[0]);
		player_call(&askers[1].player, prod, &askers[1]);
		rounds++;
	}
	for (size_t i = 0; i < 2; i++) {
		player_stop(&askers[i].player, false);
		player_stop(&owners[i].player, false);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(askers[i].answered, REQUESTS);
		assert_int_equal(askers[i].twice, 0);
		assert_true(askers[i].results[EW_WRITE_DONE] > 0);
		assert_true(askers[i].results[EW_WRITE_REFUSED] > 0);
		assert_true(askers[i].results[EW_WRITE_UNKNOWN] > 0);
		assert_true(owners[i].fail_safes > 0);
	}
	assert_true(atomic_load(&audited) >= 2 * REQUESTS);
	log_set_sink(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_request_has_one_answer_whoever_leaves,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
