/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See link.h. DIALING: TCP, one address of the name after the other; the
 * library would try the first only. SPEAKING: TLS and MQTT, by the library. It
 * is given the address; the name for TLS is in trust.c.
 *
 * Why a connection failed is known best by TLS, then by the server's last
 * packet, then by the socket: link_over asks in this order.
 */
#include "core/uplink/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/uplink/trust.h"

#define LINK_MAGIC 0x6c696e6bu
/* packets read before others get a turn */
#define LINK_READS_MAX 32

enum link_phase {
	LINK_DIALING,
	LINK_SPEAKING,
	LINK_LEAVING, /* DISCONNECT was written */
	LINK_OVER, /* left before anything was said */
};

struct link {
	uint32_t magic;
	enum link_phase phase;
	struct link_spec spec;
	struct mosq *mosq; /* of the address being tried; NULL: none */
	struct trust *trust; /* NULL: plain */
	struct tcp_addresses addresses;
	size_t address; /* index of the one being tried */
	ew_dur dial_span; /* for each address */
	ew_dur dial_until;
	ew_dur misc_at; /* when the library looks at its keep-alive again */
	ew_dur misc_every;
	int leaving_fd; /* our own hold on the socket, to end it in order; -1: none */
	bool answered; /* CONNACK has come */
	struct failure refusal; /* by CONNACK */
};

static void link_on_connack(void *arg, const struct mosq_connack *connack)
{
	struct link *link = arg;

	check_obj(link, LINK_MAGIC);
	link->answered = true;
	if (connack->code != 0) {
		int protocol = uplink_config_protocol(link->spec.config);

		failure_set(&link->refusal, cause_of_connack(protocol, connack->code),
			    "'%s' refuses: %s", link->spec.url.host, connack->text);
		return;
	}
	link->spec.ops->connack(link->spec.arg, connack);
}

static void link_on_suback(void *arg, int mid, int status)
{
	struct link *link = arg;

	link->spec.ops->suback(link->spec.arg, mid, status);
}

static void link_on_puback(void *arg, int mid, int status)
{
	struct link *link = arg;

	link->spec.ops->puback(link->spec.arg, mid, status);
}

static void link_on_received(void *arg, const struct mosq_received *received)
{
	struct link *link = arg;

	link->spec.ops->received(link->spec.arg, received);
}

static const struct mosq_ops link_mosq_ops = {
	.connack = link_on_connack,
	.suback = link_on_suback,
	.puback = link_on_puback,
	.received = link_on_received,
};

/* Begin to connect to the present address, with a handle of its own. */
static int link_dial(struct link *link, ew_dur now)
{
	const struct uplink_config *config = link->spec.config;
	struct mosq_setup setup = {
		.protocol = uplink_config_protocol(config),
		.client_id = link->spec.client_id,
		.username = config->username,
		.password = config->password,
		.will = link->spec.will,
		.session_expiry = config->session_expiry,
		.keep_alive = config->keep_alive,
		.ssl_context = link->trust != NULL ? trust_context(link->trust) : NULL,
		.ops = &link_mosq_ops,
		.arg = link,
		.who = link->spec.who,
	};
	int rc;

	mosq_free(&link->mosq);
	rc = mosq_new(&setup, &link->mosq);
	if (rc < 0) {
		return rc;
	}
	link->dial_until = now + link->dial_span;
	rc = mosq_connect(link->mosq, link->addresses.text[link->address], link->spec.url.port);
	if (rc < 0 && link->trust != NULL && trust_failure(link->trust) != NULL) {
		return -EPROTO;
	}
	return rc;
}

/* What TLS knows of the end of what was a connection; NONE: nothing. */
static struct failure link_trust_failure(const struct link *link)
{
	struct failure failure = {.cause = EW_UPLINK_NONE};

	if (link->trust == NULL) {
		return failure;
	}
	if (trust_failure(link->trust) != NULL) {
		return *trust_failure(link->trust);
	}
	if (trust_was_asked(link->trust) && !link->answered) {
		/* with TLS 1.3 the alert comes when we have written already, and
		 * the reset that answers the writing can overtake it */
		failure_set(&failure, EW_UPLINK_TLS_CLIENT,
			    "'%s' asked for our certificate, then closed the connection",
			    link->spec.url.host);
	} else if (!trust_is_done(link->trust)) {
		failure_set(&failure, EW_UPLINK_TLS_OTHER,
			    "'%s' closed the connection during the TLS handshake",
			    link->spec.url.host);
	}
	return failure;
}

static int link_dial_failed(struct link *link, int error, struct failure *failure)
{
	if (error == -EPROTO || error == -ECONNRESET || error == -EPIPE) {
		*failure = link_trust_failure(link);
	}
	if (failure->cause == EW_UPLINK_NONE) {
		failure_set(failure, cause_of_errno(-error), "%s port %u: %s",
			    link->addresses.text[link->address], link->spec.url.port,
			    error == -EPROTO ? "the connection broke" : strerror(-error));
	}
	return -ECONNRESET;
}

/* Go on after `error` (0: none yet) until an address begins to connect. */
static int link_dial_on(struct link *link, ew_dur now, int error, struct failure *failure)
{
	for (;;) {
		if (error == 0) {
			error = link_dial(link, now);
		}
		if (error == 0) {
			return 0;
		}
		if (error == -EPROTO || link->address + 1 >= link->addresses.count) {
			return link_dial_failed(link, error, failure);
		}
		log_msg(LOG_LEVEL_INFO, link->spec.who, "%s port %u: %s; trying the next address",
			link->addresses.text[link->address], link->spec.url.port, strerror(-error));
		link->address++;
		error = 0;
	}
}

int link_open(const struct link_spec *spec, ew_dur now, struct link **link_out,
	      struct failure *failure)
{
	struct link *link = calloc(1, sizeof(*link));
	int rc = 0;

	if (link == NULL) {
		failure_set(failure, EW_UPLINK_INTERNAL, "out of memory");
		return -ENOMEM;
	}
	link->magic = LINK_MAGIC;
	link->spec = *spec;
	link->leaving_fd = -1;
	link->misc_every = spec->config->keep_alive / 4;
	if (spec->url.tls) {
		rc = trust_open(spec->config, &spec->url, &link->trust, failure);
	}
	if (rc == 0) {
		rc = tcp_resolve(spec->url.host, &link->addresses, failure);
	}
	if (rc == 0) {
		link->dial_span = spec->config->connect_timeout / (ew_dur)link->addresses.count;
		rc = link_dial_on(link, now, 0, failure);
	}
	if (rc < 0) {
		link_close(&link);
		return rc;
	}
	*link_out = link;
	return 0;
}

void link_close(struct link **link)
{
	if (*link == NULL) {
		return;
	}
	check_obj(*link, LINK_MAGIC);
	mosq_free(&(*link)->mosq);
	if ((*link)->leaving_fd >= 0) {
		(void)close((*link)->leaving_fd); /* nothing was written to it */
	}
	trust_free(&(*link)->trust);
	(*link)->magic = 0;
	free(*link);
	*link = NULL;
}

int link_fd(const struct link *link)
{
	return link->phase == LINK_LEAVING ? link->leaving_fd : mosq_fd(link->mosq);
}

short link_events(const struct link *link, bool reading)
{
	SSL *ssl;

	if (link->phase == LINK_DIALING) {
		return POLLOUT;
	}
	if (link->phase == LINK_LEAVING) {
		return POLLIN;
	}
	ssl = mosq_ssl(link->mosq);
	if (ssl != NULL && SSL_in_init(ssl) && SSL_want_read(ssl)) {
		/* the CONNECT that waits for the handshake would keep POLLOUT busy */
		return POLLIN;
	}
	return (short)((reading ? POLLIN : 0) | (mosq_wants_write(link->mosq) ? POLLOUT : 0));
}

bool link_has_input(const struct link *link)
{
	SSL *ssl = link->phase == LINK_SPEAKING ? mosq_ssl(link->mosq) : NULL;

	return ssl != NULL && SSL_pending(ssl) > 0;
}

ew_dur link_deadline(const struct link *link)
{
	if (link->phase == LINK_LEAVING) {
		return INT64_MAX;
	}
	if (link->phase == LINK_OVER || link_fd(link) < 0) {
		return 0; /* the library may have closed it: at once */
	}
	return link->phase == LINK_DIALING ? link->dial_until : link->misc_at;
}

static void link_over_by(struct link *link, enum mosq_end end, int error, struct failure *failure)
{
	const char *host = link->spec.url.host;

	switch (end) {
	case MOSQ_END_SILENT:
		failure_set(failure, EW_UPLINK_KEEP_ALIVE, "'%s' does not answer to PINGREQ", host);
		break;
	case MOSQ_END_TLS:
		failure_set(failure, EW_UPLINK_TLS_OTHER, "'%s' does not speak TLS", host);
		break;
	case MOSQ_END_PACKET:
		failure_set(failure, EW_UPLINK_BAD_PACKET, "'%s' sent a malformed packet", host);
		break;
	case MOSQ_END_MEMORY:
		failure_set(failure, EW_UPLINK_INTERNAL, "out of memory");
		break;
	case MOSQ_ALIVE:
	case MOSQ_END_LOST:
		failure_set(failure, cause_of_errno(error), "'%s': %s", host,
			    error != 0 ? strerror(error) : "closed by the other side");
		break;
	}
}

/* The connection is over: say why, as exactly as anyone knows. */
static int link_over(struct link *link, enum mosq_end end, int error, struct failure *failure)
{
	struct failure refused = {.cause = EW_UPLINK_NONE};
	int code = mosq_disconnect_code(link->mosq);

	if (end != MOSQ_END_SILENT && end != MOSQ_END_MEMORY) {
		refused = link_trust_failure(link);
	}
	if (refused.cause != EW_UPLINK_NONE) {
		*failure = refused;
	} else if (link->refusal.cause != EW_UPLINK_NONE) {
		*failure = link->refusal;
	} else if (code > 0) {
		failure_set(failure, cause_of_disconnect(code), "'%s' disconnects: %s",
			    link->spec.url.host, mosq_reason(code));
	} else {
		link_over_by(link, end, error, failure);
	}
	return -ECONNRESET;
}

static int link_socket_error(const struct link *link)
{
	if (link->trust != NULL && trust_socket_error(link->trust) != 0) {
		return trust_socket_error(link->trust); /* OpenSSL was there first */
	}
	return tcp_error(link_fd(link));
}

static void link_connected(struct link *link, ew_dur now)
{
	int rc = tcp_limit_unsent(link_fd(link), (size_t)link->spec.config->socket_buffer);

	if (rc < 0) { /* megabytes may then wait in the kernel in front of an answer */
		log_msg(LOG_LEVEL_WARNING, link->spec.who, "TCP_NOTSENT_LOWAT: %s", strerror(-rc));
	}
	link->phase = LINK_SPEAKING;
	link->misc_at = now + link->misc_every;
}

/* TCP is connected, has failed, or is late. */
static int link_turn_dialing(struct link *link, ew_dur now, short revents, struct failure *failure)
{
	int error = 0;

	if (revents != 0) {
		error = link_socket_error(link);
		if (error == 0 && (revents & (POLLHUP | POLLERR)) == 0) {
			link_connected(link, now);
			return 0;
		}
		error = error != 0 ? error : ECONNREFUSED;
	} else if (now >= link->dial_until) {
		error = ETIMEDOUT;
	}
	return error != 0 ? link_dial_on(link, now, -error, failure) : 0;
}

static enum mosq_end link_read(struct link *link)
{
	enum mosq_end end = MOSQ_ALIVE;
	int i;

	for (i = 0; i < LINK_READS_MAX && end == MOSQ_ALIVE; i++) {
		end = mosq_read(link->mosq);
		if (end == MOSQ_ALIVE && mosq_is_dry(link->mosq) && !link_has_input(link)) {
			break;
		}
	}
	return end;
}

/* The library closes the socket as soon as DISCONNECT is written. If input is
 * unread then, the kernel resets the connection and what was sent may be lost;
 * so the socket is held open and read to its end. */
void link_leave(struct link *link, bool with_will)
{
	SSL *ssl = mosq_ssl(link->mosq);

	if (link->phase == LINK_DIALING || (ssl != NULL && SSL_in_init(ssl))) {
		link->phase = LINK_OVER;
		return;
	}
	link->leaving_fd = fcntl(link_fd(link), F_DUPFD_CLOEXEC, 0);
	mosq_disconnect(link->mosq, with_will);
}

static int link_turn_leaving(struct link *link, short revents, struct failure *failure)
{
	char bin[4096];
	ssize_t got;

	if (link->phase != LINK_LEAVING) {
		link->phase = LINK_LEAVING;
		(void)shutdown(link->leaving_fd, SHUT_WR); /* an error shows in read */
	}
	if (revents == 0) {
		return 0;
	}
	got = read(link->leaving_fd, bin, sizeof(bin));
	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR))) {
		return 0;
	}
	return link_over(link, MOSQ_END_LOST, 0, failure);
}

int link_turn(struct link *link, ew_dur now, short revents, bool reading, struct failure *failure)
{
	enum mosq_end end = MOSQ_ALIVE;

	check_obj(link, LINK_MAGIC);
	if (link->phase == LINK_OVER) {
		return link_over(link, MOSQ_END_LOST, 0, failure);
	}
	if (link->phase == LINK_DIALING) {
		return link_turn_dialing(link, now, revents, failure);
	}
	if (link->leaving_fd >= 0 && mosq_fd(link->mosq) < 0) {
		return link_turn_leaving(link, link->phase == LINK_LEAVING ? revents : 0, failure);
	}
	if (mosq_fd(link->mosq) < 0) {
		return link_over(link, MOSQ_END_LOST, 0, failure);
	}
	if ((revents & POLLOUT) != 0) {
		end = mosq_write(link->mosq);
	}
	if (end == MOSQ_ALIVE &&
	    ((revents & (POLLIN | POLLHUP | POLLERR)) != 0 || (reading && link_has_input(link)))) {
		end = link_read(link);
	}
	if (end == MOSQ_ALIVE && now >= link->misc_at) {
		link->misc_at = now + link->misc_every;
		end = mosq_keep_alive(link->mosq);
	}
	if (end == MOSQ_ALIVE || (link->leaving_fd >= 0 && mosq_fd(link->mosq) < 0)) {
		return 0;
	}
	return link_over(link, end, errno, failure);
}

struct mosq *link_mosq(struct link *link)
{
	return link->mosq;
}

bool link_is_flushed(const struct link *link)
{
	return !mosq_wants_write(link->mosq) && link_fd(link) >= 0 && tcp_is_flushed(link_fd(link));
}

void link_facts(struct link *link, struct link_facts *facts_out)
{
	memset(facts_out, 0, sizeof(*facts_out));
	memcpy(facts_out->address, link->addresses.text[link->address], sizeof(facts_out->address));
	if (link_fd(link) >= 0) {
		tcp_bytes(link_fd(link), &facts_out->bytes_in, &facts_out->bytes_out);
	}
	if (link->trust != NULL) {
		facts_out->own_until = trust_own_until(link->trust);
		facts_out->peer_until = trust_peer_until(link->trust);
	}
}
