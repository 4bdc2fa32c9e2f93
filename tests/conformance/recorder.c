/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stands between an edge node and its brokers: TLS to both, with the files of
 * one folder, and shows every packet to the judge.
 *
 *   recorder TLS GROUP NODE DEVICE PRIMARY LOG PORT BROKER [PORT BROKER]
 *
 * PRIMARY is a host or "-". With "-" for DEVICE that host is judged, and no
 * edge node. SIGTERM: what was judged goes into LOG; the status
 * is 1 if something was broken.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "tests/conformance/packets.h"

#define SERVERS_MAX  2u
#define PAIRS_MAX    4u
#define OUTBOX_MS    5000u      /* a message may have waited so long for its turn */
#define REORDER_MS   2000u      /* reorder_timeout of a host */

/* A connection of the edge and the one to its broker. */
struct pair {
	SSL *ssl[2];            /* edge, broker; NULL: free */
	struct packets flow[2];
	unsigned version;
};

struct recorder {
	struct ledger ledger;
	struct judge judge;
	SSL_CTX *server, *client;
	size_t server_count;
	int listeners[SERVERS_MAX];
	uint16_t brokers[SERVERS_MAX];
	size_t left;            /* server that a primary host has left, plus 1; 0: none */
	struct pair pairs[PAIRS_MAX];
	size_t server_of[PAIRS_MAX];
};

static void die(const char *what)
{
	(void)fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static SSL_CTX *make_context(const SSL_METHOD *method, const char *folder, const char *name)
{
	SSL_CTX *context = SSL_CTX_new(method);
	char ca[512], certificate[512], key[512];

	(void)snprintf(ca, sizeof(ca), "%s/ca.pem", folder);
	(void)snprintf(certificate, sizeof(certificate), "%s/%s.pem", folder, name);
	(void)snprintf(key, sizeof(key), "%s/%s.key", folder, name);
	if (context == NULL || SSL_CTX_load_verify_locations(context, ca, NULL) != 1 ||
	    SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		die("TLS files");
	}
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	(void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY); /* a ticket is no data */
	return context;
}

static struct sockaddr_in address_of(uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static int listen_at(uint16_t port)
{
	struct sockaddr_in address = address_of(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    listen(fd, 8) != 0) {
		die("listen");
	}
	return fd;
}

static void end_pair(struct recorder *recorder, struct pair *pair)
{
	if (!pair->flow[0].has_disconnected && pair->version != 0) {
		judge_cut(&recorder->judge);
	}
	for (int side = 0; side < 2; side++) {
		if (pair->ssl[side] != NULL) {
			int fd = SSL_get_fd(pair->ssl[side]);

			/* no close_notify to the broker: an end without DISCONNECT stays one */
			SSL_free(pair->ssl[side]);
			(void)close(fd);
			pair->ssl[side] = NULL;
		}
	}
}

/* One end of the TLS, its handshake done; NULL: it failed. Takes fd. */
static SSL *join(SSL_CTX *context, int fd, int (*handshake)(SSL *))
{
	const struct timeval patience = { .tv_sec = 10 };
	SSL *ssl = SSL_new(context);

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || handshake(ssl) != 1) {
		SSL_free(ssl);
		(void)close(fd);
		return NULL;
	}
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return ssl;
}

static void take_edge(struct recorder *recorder, size_t server)
{
	struct sockaddr_in address = address_of(recorder->brokers[server]);
	int edge = accept4(recorder->listeners[server], NULL, NULL, SOCK_CLOEXEC);
	int broker = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t at = 0;

	while (at < PAIRS_MAX && recorder->pairs[at].ssl[0] != NULL) {
		at++;
	}
	if (at == PAIRS_MAX || edge < 0 ||
	    connect(broker, (struct sockaddr *)&address, sizeof(address)) != 0) {
		(void)close(edge);
		(void)close(broker);
		recorder->judge.missed++;
		return;
	}
	memset(&recorder->pairs[at], 0, sizeof(recorder->pairs[at]));
	recorder->server_of[at] = server;
	recorder->pairs[at].ssl[0] = join(recorder->server, edge, SSL_accept);
	recorder->pairs[at].ssl[1] = join(recorder->client, broker, SSL_connect);
	for (int side = 0; side < 2; side++) {
		recorder->pairs[at].flow[side].judge = &recorder->judge;
		recorder->pairs[at].flow[side].from_edge = side == 0;
		recorder->pairs[at].flow[side].version = &recorder->pairs[at].version;
	}
	if (recorder->pairs[at].ssl[0] == NULL || recorder->pairs[at].ssl[1] == NULL) {
		end_pair(recorder, &recorder->pairs[at]);
		recorder->judge.missed++;
	}
}

static bool put(SSL *ssl, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		int written = SSL_write(ssl, bytes, (int)size);
		int why = SSL_get_error(ssl, written);
		struct pollfd wait = { .fd = SSL_get_fd(ssl), .events = POLLOUT };

		if (written > 0) {
			bytes += written;
			size -= (size_t)written;
		} else if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) {
			return false;
		} else if (poll(&wait, 1, 10000) <= 0) {
			return false;
		}
	}
	return true;
}

/* The rules that need to know which server is which. */
static void judge_servers(struct recorder *recorder, size_t server, bool was_connected,
			  bool was_online)
{
	const struct judge *judge = &recorder->judge;

	if (was_online && !judge->is_primary_online && judge->is_connected && judge->is_born) {
		recorder->left = server + 1;
	}
	if (!was_connected && judge->is_connected && recorder->left != 0 &&
	    recorder->server_count > 1) {
		ledger_check(&recorder->ledger, server + 1 != recorder->left,
			     "operational-behavior-edge-node-termination-host-offline-reconnect",
			     "the same server again");
		recorder->left = 0;
	}
}

/* What one side has said goes to the judge, then to the other. */
static void pass(struct recorder *recorder, size_t at, int side)
{
	struct pair *pair = &recorder->pairs[at];
	uint8_t bytes[16384];
	bool was_connected = recorder->judge.is_connected;
	bool was_online = recorder->judge.is_primary_online;
	int got;

	while ((got = SSL_read(pair->ssl[side], bytes, sizeof(bytes))) > 0) {
		judge_now(&recorder->judge, now_ms());
		packets_take(&pair->flow[side], bytes, (size_t)got);
		if (pair->flow[side].version_said != 0) {
			pair->version = pair->flow[side].version_said;
		}
		judge_servers(recorder, recorder->server_of[at], was_connected, was_online);
		if (!put(pair->ssl[1 - side], bytes, (size_t)got)) {
			end_pair(recorder, pair);
			return;
		}
	}
	switch (SSL_get_error(pair->ssl[side], got)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		break;
	default:
		end_pair(recorder, pair);
		break;
	}
}

static void turn(struct recorder *recorder, int signals)
{
	struct pollfd fds[1 + SERVERS_MAX + 2 * PAIRS_MAX];
	struct pollfd *sides = fds + 1 + SERVERS_MAX;

	fds[0] = (struct pollfd){ .fd = signals, .events = POLLIN };
	for (size_t i = 0; i < SERVERS_MAX; i++) {
		fds[1 + i] = (struct pollfd){
			.fd = i < recorder->server_count ? recorder->listeners[i] : -1,
			.events = POLLIN,
		};
	}
	for (size_t i = 0; i < 2 * PAIRS_MAX; i++) {
		SSL *ssl = recorder->pairs[i / 2].ssl[i % 2];

		sides[i] = (struct pollfd){ .fd = ssl != NULL ? SSL_get_fd(ssl) : -1,
					    .events = POLLIN };
	}
	if (poll(fds, 1 + SERVERS_MAX + 2 * PAIRS_MAX, -1) < 0) {
		die("poll");
	}
	for (size_t i = 0; i < 2 * PAIRS_MAX; i++) {
		if (sides[i].revents != 0 && recorder->pairs[i / 2].ssl[i % 2] != NULL) {
			pass(recorder, i / 2, (int)(i % 2));
		}
	}
	for (size_t i = 0; i < recorder->server_count; i++) {
		if (fds[1 + i].revents != 0) {
			take_edge(recorder, i);
		}
	}
}

static int tell(const struct recorder *recorder, const char *path, const char *name)
{
	for (size_t i = 0; i < recorder->ledger.count; i++) {
		const struct ledger_line *line = &recorder->ledger.lines[i];

		if (line->broken > 0) {
			(void)printf("broken: %s: %s\n", line->id, line->why);
		}
	}
	if (ledger_write(&recorder->ledger, path, name) != 0) {
		die(path);
	}
	return ledger_broken(&recorder->ledger) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	static struct recorder recorder;
	const char *name = "wire";
	struct signalfd_siginfo told;
	sigset_t set;
	int signals;

	if (argc < 9 || argc % 2 == 0) {
		(void)fputs("usage: recorder TLS GROUP NODE DEVICE PRIMARY LOG PORT BROKER...\n",
			    stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	recorder.server = make_context(TLS_server_method(), argv[1], "server");
	recorder.client = make_context(TLS_client_method(), argv[1], "client");
	recorder.judge = (struct judge){
		.ledger = &recorder.ledger, .group = argv[2], .node = argv[3],
		.primary = strcmp(argv[5], "-") == 0 ? NULL : argv[5], .is_fresh = true,
		.bdseq = -1, .slack_ms = OUTBOX_MS,
	};
	if (strcmp(argv[4], "-") == 0) {
		recorder.judge.host = argv[5];
		recorder.judge.primary = NULL;
		recorder.judge.reorder_ms = REORDER_MS;
		name = "wire_host";
	} else {
		judge_expect(&recorder.judge, argv[4], true);
	}
	for (int i = 7; i + 1 < argc && recorder.server_count < SERVERS_MAX; i += 2) {
		recorder.brokers[recorder.server_count] = (uint16_t)atoi(argv[i + 1]);
		recorder.listeners[recorder.server_count++] = listen_at((uint16_t)atoi(argv[i]));
	}
	while (read(signals, &told, sizeof(told)) < 0) {
		turn(&recorder, signals);
	}
	return tell(&recorder, argv[6], name);
}
