/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See uplink.h. Each call takes the lock, changes what the thread will look
 * at, and wakes it if it sleeps; none waits for the network.
 */
#include "core/uplink/uplink.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/uplink/state.h"

#define UPLINK_WILL_WAIT ((ew_dur)10000000000)
#define UPLINK_LEAVE_WAIT ((ew_dur)2000000000)
#define UPLINK_LOG_WINDOW ((ew_dur)600000000000)
#define UPLINK_STACK (256u << 10)
#define UPLINK_TAKE_MAX 256u

static void uplink_lock(struct uplink *uplink)
{
	check_obj(uplink, UPLINK_MAGIC);
	check(pthread_mutex_lock(&uplink->lock) == 0);
}

static void uplink_unlock(struct uplink *uplink)
{
	check(pthread_mutex_unlock(&uplink->lock) == 0);
}

void uplink_wake(struct uplink *uplink)
{
	uint64_t one = 1;

	uplink->news = true;
	if (uplink->sleeping) {
		uplink->sleeping = false;
		if (write(uplink->wake_fd, &one, sizeof(one)) < 0) {
			check(errno == EAGAIN); /* a full counter wakes as well */
		}
	}
}

const struct outbox_box *uplink_only(const struct uplink *uplink)
{
	return uplink->gate != NULL && !uplink->gate_open ? &uplink->gate->box : NULL;
}

static void uplink_init_session(struct uplink *uplink)
{
	const struct uplink_config *config = uplink->config;
	struct session_rules rules = {
		.will_wait = UPLINK_WILL_WAIT,
		.connect_timeout = config->connect_timeout,
		.guest_wait = config->guest_wait,
		.drain_wait = config->drain,
		.leave_wait = UPLINK_LEAVE_WAIT,
		.backoff_min = config->backoff.min,
		.backoff_max = config->backoff.max,
		.server_count = config->server_count,
	};

	/* without entropy yet, early at boot: jitter from the clock */
	if (getrandom(&rules.seed, sizeof(rules.seed), GRND_NONBLOCK) != sizeof(rules.seed)) {
		rules.seed = (uint64_t)clock_mono();
	}
	session_init(&uplink->session, &rules, uplink->who);
}

static void uplink_init_outbox(struct uplink *uplink)
{
	const struct uplink_config *config = uplink->config;
	struct outbox_limits limits = {
		.bytes = (size_t)config->outbox.bytes,
		.messages = (size_t)config->outbox.messages,
		.age = config->outbox.age,
		.message_limit = (size_t)config->message_limit,
		.bulk_limit = (size_t)config->bulk_limit,
		.in_flight = (size_t)config->outbox.in_flight,
	};

	outbox_init(&uplink->outbox, &limits);
}

static int uplink_init(struct uplink *uplink)
{
	size_t i;

	check(uplink->config->client_id != NULL);
	check(uplink->config->server_count > 0 &&
	      uplink->config->server_count <= UPLINK_SERVERS_MAX);
	for (i = 0; i < uplink->config->server_count; i++) {
		int rc = url_parse(uplink->config->servers[i], &uplink->urls[i], NULL);

		if (rc < 0) {
			return rc;
		}
	}
	uplink->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (uplink->wake_fd < 0) {
		return -errno;
	}
	list_init(&uplink->guests);
	list_init(&uplink->done);
	intake_init(&uplink->intake);
	will_init(&uplink->will, uplink->config->clean);
	uplink_init_session(uplink);
	uplink_init_outbox(uplink);
	uplink->reading = true;
	uplink->end_limit = (struct log_limit){.burst = 5, .window = UPLINK_LOG_WINDOW};
	return mosq_global_init();
}

int uplink_open(const struct uplink_config *config, const char *name, struct uplink **uplink_out)
{
	struct uplink *uplink = calloc(1, sizeof(*uplink));
	int rc;

	if (uplink == NULL) {
		return -ENOMEM;
	}
	uplink->magic = UPLINK_MAGIC;
	uplink->config = config;
	(void)snprintf(uplink->name, sizeof(uplink->name), "%s", name);
	(void)snprintf(uplink->who, sizeof(uplink->who), "uplink/%s", uplink->name);
	rc = -pthread_mutex_init(&uplink->lock, NULL);
	if (rc == 0) {
		rc = -pthread_cond_init(&uplink->calm, NULL);
	}
	if (rc == 0) {
		rc = uplink_init(uplink);
	}
	if (rc < 0) {
		if (uplink->wake_fd > 0) {
			(void)close(uplink->wake_fd); /* it only ever woke a thread */
		}
		free(uplink);
		return rc;
	}
	if (uplink_config_is_unverified(config)) {
		log_msg(LOG_LEVEL_WARNING, uplink->who,
			"the server's certificate is not verified (tls: {verify: no})");
	}
	if (config->plaintext) {
		log_msg(LOG_LEVEL_WARNING, uplink->who,
			"connections without encryption are allowed (plaintext: yes)");
	}
	*uplink_out = uplink;
	return 0;
}

static int uplink_start_thread(struct uplink *uplink)
{
	pthread_attr_t attr;
	int rc = pthread_attr_init(&attr);

	if (rc != 0) {
		return -rc;
	}
	rc = pthread_attr_setstacksize(&attr, UPLINK_STACK);
	if (rc == 0) {
		rc = pthread_create(&uplink->thread, &attr, run_main, uplink);
	}
	(void)pthread_attr_destroy(&attr); /* cannot fail */
	return -rc;
}

int uplink_start(struct uplink *uplink)
{
	int rc = 0;

	uplink_lock(uplink);
	uplink->start_asked = true;
	uplink_wake(uplink);
	uplink_unlock(uplink);
	if (!uplink->has_thread) {
		rc = uplink_start_thread(uplink);
		uplink->has_thread = rc == 0;
	}
	return rc;
}

void uplink_start_stepped(struct uplink *uplink)
{
	uplink_lock(uplink);
	uplink->is_stepped = true;
	uplink->start_asked = true;
	uplink->session.backoff.seed = 1;
	uplink_unlock(uplink);
}

void uplink_stop(struct uplink *uplink, ew_dur limit, void (*stopped)(void *arg), void *arg)
{
	if (!uplink->has_thread && !uplink->is_stepped) {
		if (stopped != NULL) {
			stopped(arg);
		}
		return;
	}
	uplink_lock(uplink);
	uplink->stop_asked = true;
	uplink->stop_limit = limit;
	uplink->stopped = stopped;
	uplink->stopped_arg = arg;
	uplink_wake(uplink);
	uplink_unlock(uplink);
}

static void uplink_fini(struct uplink *uplink)
{
	struct list *node;

	/* detached guests whose last messages did not leave */
	outbox_fini(&uplink->outbox);
	message_free_all(&uplink->done);
	while ((node = list_pop(&uplink->guests)) != NULL) {
		struct uplink_guest *guest = list_entry(node, struct uplink_guest, node);

		check(guest->gone);
		free(guest);
	}
	intake_fini(&uplink->intake);
	will_fini(&uplink->will);
	(void)close(uplink->wake_fd); /* it only ever woke a thread */
	(void)pthread_cond_destroy(&uplink->calm);
	(void)pthread_mutex_destroy(&uplink->lock);
	mosq_global_fini();
}

void uplink_close(struct uplink **uplink_at)
{
	struct uplink *uplink = *uplink_at;

	if (uplink == NULL) {
		return;
	}
	uplink_lock(uplink);
	uplink->close_asked = true;
	uplink_wake(uplink);
	uplink_unlock(uplink);
	if (uplink->has_thread) {
		check(pthread_join(uplink->thread, NULL) == 0);
	}
	link_close(&uplink->link);
	uplink_fini(uplink);
	uplink->magic = 0;
	free(uplink);
	*uplink_at = NULL;
}

const char *uplink_name(const struct uplink *uplink)
{
	return uplink->name;
}

int uplink_attach(struct uplink *uplink, const struct uplink_guest_spec *spec,
		  struct uplink_guest **guest_out, const char **owner_out)
{
	struct uplink_guest *guest;

	if (spec->owns_will && spec->ops->prepare == NULL) {
		return -EINVAL;
	}
	guest = calloc(1, sizeof(*guest));
	if (guest == NULL) {
		return -ENOMEM;
	}
	guest->magic = UPLINK_GUEST_MAGIC;
	guest->uplink = uplink;
	guest->ops = spec->ops;
	guest->arg = spec->arg;
	guest->owns_will = spec->owns_will;
	(void)snprintf(guest->name, sizeof(guest->name), "%s", spec->name);
	outbox_box_init(&guest->box);
	uplink_lock(uplink);
	if (spec->owns_will && uplink->owner != NULL) {
		*owner_out = uplink->owner->name;
		uplink_unlock(uplink);
		free(guest);
		return -EBUSY;
	}
	if (spec->owns_will) {
		uplink->owner = guest;
	}
	list_push(&uplink->guests, &guest->node);
	uplink_wake(uplink);
	uplink_unlock(uplink);
	*guest_out = guest;
	return 0;
}

static struct uplink *uplink_enter(struct uplink_guest *guest)
{
	check_obj(guest, UPLINK_GUEST_MAGIC);
	uplink_lock(guest->uplink);
	return guest->uplink;
}

void uplink_detach(struct uplink_guest **guest_at)
{
	struct uplink_guest *guest = *guest_at;
	struct uplink *uplink;
	struct intake_lane *lane;

	if (guest == NULL) {
		return;
	}
	uplink = uplink_enter(guest);
	while (uplink->calling == guest) {
		check(pthread_cond_wait(&uplink->calm, &uplink->lock) == 0);
	}
	guest->gone = true;
	while ((lane = intake_first(&uplink->intake, guest)) != NULL) {
		intake_close_lane(&uplink->intake, &lane);
	}
	if (uplink->owner == guest) {
		uplink->owner = NULL;
	}
	uplink_wake(uplink);
	uplink_unlock(uplink);
	*guest_at = NULL;
}

struct ew_uplink_will uplink_blank_will(const struct uplink_guest *guest)
{
	struct ew_uplink_will will = {.size = sizeof(will)};

	will.clean = guest->uplink->config->clean;
	return will;
}

int uplink_will(struct uplink_guest *guest, uint64_t epoch, const struct ew_uplink_will *will,
		int status)
{
	struct uplink *uplink = uplink_enter(guest);
	int rc = 0;

	if (uplink->owner != guest || uplink->session.state != SESSION_PREPARING ||
	    uplink->session.epoch != epoch || uplink->will_epoch == epoch) {
		rc = -ESTALE;
	} else {
		rc = status == 0 ? will_set(&uplink->will, will) : 0;
		uplink->will_epoch = epoch;
		uplink->will_refused = status != 0 || rc < 0;
		uplink_wake(uplink);
	}
	uplink_unlock(uplink);
	return rc;
}

int uplink_publish(struct uplink_guest *guest, const struct ew_uplink_message *message)
{
	struct uplink *uplink;
	int rc;

	check_obj(guest, UPLINK_GUEST_MAGIC);
	rc = outbox_check(&guest->uplink->outbox, message);
	if (rc < 0) {
		return rc;
	}
	uplink = uplink_enter(guest);
	if (guest->gone || (message->epoch != 0 && message->epoch != guest->online_epoch)) {
		rc = -ENOTCONN;
	} else {
		rc = outbox_add(&uplink->outbox, &guest->box, message, clock_mono());
	}
	if (rc == 0) {
		uplink_wake(uplink);
	}
	uplink_unlock(uplink);
	return rc;
}

int uplink_subscribe(struct uplink_guest *guest, const struct ew_uplink_filter *filter,
		     uint32_t *subscription_out)
{
	struct uplink *uplink = uplink_enter(guest);
	struct intake_lane *lane;
	int rc = intake_open_lane(&uplink->intake, guest, filter, &lane);

	if (rc == 0) {
		*subscription_out = lane->id;
		uplink_wake(uplink);
	}
	uplink_unlock(uplink);
	return rc;
}

int uplink_unsubscribe(struct uplink_guest *guest, uint32_t subscription)
{
	struct uplink *uplink = uplink_enter(guest);
	struct intake_lane *lane = intake_find(&uplink->intake, guest, subscription);
	int rc = lane != NULL ? 0 : -ENOENT;

	intake_close_lane(&uplink->intake, &lane);
	uplink_wake(uplink);
	uplink_unlock(uplink);
	return rc;
}

int uplink_release(struct uplink_guest *guest, uint64_t epoch)
{
	struct uplink *uplink = uplink_enter(guest);
	int rc = 0;

	if (uplink->owner != guest) {
		rc = -EPERM;
	} else if (epoch == 0 || guest->online_epoch != epoch) {
		rc = -ENOTCONN;
	} else {
		uplink->release_epoch = epoch;
		uplink_wake(uplink);
	}
	uplink_unlock(uplink);
	return rc;
}

int uplink_cycle(struct uplink_guest *guest, const char *reason)
{
	struct uplink *uplink = uplink_enter(guest);
	int rc = uplink->owner == guest ? 0 : -EPERM;

	if (rc == 0) {
		uplink->cycle_asked = true;
		(void)snprintf(uplink->cycle_text, sizeof(uplink->cycle_text), "%s", reason);
		uplink_wake(uplink);
	}
	uplink_unlock(uplink);
	return rc;
}

struct uplink_taken {
	struct uplink *uplink;
	struct intake_lane *lane;
	struct list messages;
	size_t bytes;
	struct uplink_batch batch;
	struct ew_uplink_received received[];
};

static struct uplink_taken *uplink_taken_of(struct uplink_batch *batch)
{
	return container_of(batch, struct uplink_taken, batch);
}

static void uplink_fill_batch(struct uplink_taken *taken)
{
	struct list *node;
	size_t i = 0;

	list_for_each(node, &taken->messages) {
		const struct message *message = list_entry(node, struct message, node);

		taken->bytes += message->cost;
		taken->received[i++] = (struct ew_uplink_received){
			.topic = message->topic,
			.payload = message->payload,
			.payload_size = message->payload_size,
			.qos = message->qos,
			.retain = message->retain,
			.epoch = message->epoch,
			.arrived = message->time,
			.extra = message->extra,
		};
	}
}

int uplink_take(struct uplink_guest *guest, uint32_t subscription, size_t limit,
		struct uplink_batch **batch_out)
{
	struct uplink_taken *taken;
	struct uplink *uplink;
	struct intake_lane *lane;
	int rc = 0;

	limit = limit < UPLINK_TAKE_MAX ? limit : UPLINK_TAKE_MAX;
	taken = calloc(1, sizeof(*taken) + limit * sizeof(taken->received[0]));
	uplink = uplink_enter(guest);
	lane = intake_find(&uplink->intake, guest, subscription);
	if (taken == NULL) {
		if (lane != NULL) {
			intake_missed(lane);
		}
		rc = -ENOMEM;
	} else if (lane == NULL) {
		rc = -ENOENT;
	} else {
		list_init(&taken->messages);
		taken->uplink = uplink;
		taken->lane = lane;
		taken->batch.subscription = subscription;
		taken->batch.messages = taken->received;
		taken->batch.count = intake_take(lane, limit, &taken->messages);
		rc = taken->batch.count > 0 ? 0 : -EAGAIN;
	}
	uplink_unlock(uplink);
	if (rc < 0) {
		free(taken);
		return rc;
	}
	uplink_fill_batch(taken);
	*batch_out = &taken->batch;
	return 0;
}

void uplink_batch_free(struct uplink_batch **batch)
{
	struct uplink_taken *taken;

	if (*batch == NULL) {
		return;
	}
	taken = uplink_taken_of(*batch);
	uplink_lock(taken->uplink);
	intake_give_back(&taken->uplink->intake, taken->lane, taken->batch.count, taken->bytes);
	if (taken->uplink->blocked_since != 0 || !list_is_empty(&taken->uplink->intake.announces)) {
		uplink_wake(taken->uplink);
	}
	uplink_unlock(taken->uplink);
	message_free_all(&taken->messages);
	free(taken);
	*batch = NULL;
}

static void uplink_status_session(const struct uplink *uplink, struct uplink_status *status,
				  ew_dur now)
{
	const struct session *session = &uplink->session;

	status->state = session_state_name(session->state);
	status->online = session_is_online(session);
	status->cause = session->cause;
	if (session->cause != EW_UPLINK_NONE) {
		memcpy(status->text, uplink->failure.text, sizeof(status->text));
	}
	url_format(&uplink->urls[session->server], status->server, sizeof(status->server));
	memcpy(status->address, uplink->facts.address, sizeof(status->address));
	status->epoch = session->epoch;
	status->connects = uplink->connects;
	memcpy(status->ends, session->ends, sizeof(status->ends));
	status->online_for = status->online ? now - session->online_since : 0;
	status->next_try = session->state == SESSION_WAITING ? session->deadline - now : 0;
}

static void uplink_status_class(const struct uplink *uplink, struct uplink_status *status,
				enum ew_traffic traffic, ew_dur now)
{
	const struct outbox_class *class = &uplink->outbox.classes[traffic];
	ew_dur oldest = outbox_oldest(&uplink->outbox, traffic);

	status->classes[traffic] = (struct uplink_class_status){
		.messages = class->messages,
		.bytes = class->bytes,
		.oldest = oldest != INT64_MAX ? now - oldest : 0,
		.handed = class->handed,
		.expired = class->expired,
		.refused = class->refused,
	};
}

void uplink_status(struct uplink *uplink, struct uplink_status *status_out)
{
	ew_dur now = clock_mono();
	struct list *node;
	int i;

	memset(status_out, 0, sizeof(*status_out));
	uplink_lock(uplink);
	uplink_status_session(uplink, status_out, now);
	for (i = 0; i < EW_TRAFFIC_COUNT; i++) {
		uplink_status_class(uplink, status_out, (enum ew_traffic)i, now);
	}
	status_out->in_flight = uplink->outbox.in_flight_count;
	status_out->received = uplink->intake.received;
	status_out->dropped = uplink->intake.dropped;
	status_out->bytes_in = uplink->bytes_in + uplink->facts.bytes_in;
	status_out->bytes_out = uplink->bytes_out + uplink->facts.bytes_out;
	status_out->own_until = uplink->facts.own_until;
	status_out->peer_until = uplink->facts.peer_until;
	status_out->will_owner = uplink->owner != NULL ? uplink->owner->name : NULL;
	list_for_each(node, &uplink->guests) {
		status_out->guests += list_entry(node, struct uplink_guest, node)->gone ? 0 : 1;
	}
	uplink_unlock(uplink);
}
