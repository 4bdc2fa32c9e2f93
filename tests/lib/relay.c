/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A link that breaks when told: relays TCP connections on 127.0.0.1.
 *
 *   relay [-c BYTES] PORT TARGET [TARGET...]
 *
 *   -c BYTES resets a connection when its target has sent so many bytes at the
 *            most: how many is another random number for each
 *
 *   SIGUSR1  resets every connection (RST to both sides)
 *   SIGUSR2  a black hole, and back: nothing is accepted, nothing passes
 *   SIGHUP   new connections go to the next target, after the last to the first
 *
 * Killed, it is a server that died: what it had read is gone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS_MAX  64u

/* One direction. */
struct flow {
	char bytes[65536];
	size_t size;
	bool is_over;           /* its source has said all */
};

struct pair {
	int fds[2];             /* client, server; -1: free */
	struct flow flows[2];   /* from fds[0], from fds[1] */
	size_t left;            /* bytes that may come from fds[1] */
};

struct relay {
	int listener;
	int signals;
	struct sockaddr_in targets[8];
	size_t target_count, target;
	bool is_silent;
	size_t cut;             /* -c; 0: none */
	struct pair pairs[PAIRS_MAX];
};

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static struct sockaddr_in address_of(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

static void end_pair(struct pair *pair, bool reset)
{
	const struct linger now = {.l_onoff = 1};

	for (int i = 0; i < 2; i++) {
		if (reset) {
			(void)setsockopt(pair->fds[i], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		}
		(void)close(pair->fds[i]);
		pair->fds[i] = -1;
	}
}

static void take_client(struct relay *relay)
{
	const struct sockaddr_in *target = &relay->targets[relay->target];
	int client = accept4(relay->listener, NULL, NULL, SOCK_CLOEXEC);
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; client >= 0 && i < PAIRS_MAX; i++) {
		struct pair *pair = &relay->pairs[i];

		if (pair->fds[0] >= 0) {
			continue;
		}
		if (connect(server, (const struct sockaddr *)target, sizeof(*target)) == 0) {
			memset(pair->flows, 0, sizeof(pair->flows));
			pair->fds[0] = client;
			pair->fds[1] = server;
			pair->left = relay->cut == 0 ? SIZE_MAX : 1 + (size_t)random() % relay->cut;
			return;
		}
		break;
	}
	(void)close(client);
	(void)close(server);
}

/* Read what there is room for. false: the connection broke. */
static bool fill(struct pair *pair, int side)
{
	struct flow *flow = &pair->flows[side];
	size_t room = sizeof(flow->bytes) - flow->size;
	ssize_t got;

	if (side == 1) {
		if (pair->left == 0) {
			return flow->size > 0; /* what may pass passes first */
		}
		room = room < pair->left ? room : pair->left;
	}
	got = recv(pair->fds[side], flow->bytes + flow->size, room, MSG_DONTWAIT);

	if (got > 0) {
		flow->size += (size_t)got;
		pair->left -= side == 1 ? (size_t)got : 0;
	} else if (got == 0) {
		flow->is_over = true;
	}
	return got >= 0 || errno == EAGAIN;
}

static bool drain(struct flow *flow, int fd)
{
	ssize_t put = send(fd, flow->bytes, flow->size, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (put > 0) {
		flow->size -= (size_t)put;
		memmove(flow->bytes, flow->bytes + put, flow->size);
	}
	if (flow->is_over && flow->size == 0) {
		(void)shutdown(fd, SHUT_WR);
	}
	return put >= 0 || errno == EAGAIN;
}

static void serve(struct pair *pair, const struct pollfd *fds)
{
	bool is_well = true;

	for (int i = 0; i < 2 && is_well; i++) {
		struct flow *flow = &pair->flows[i];

		if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !flow->is_over &&
		    flow->size < sizeof(flow->bytes)) {
			is_well = fill(pair, i);
		}
		if (is_well && (flow->size > 0 || flow->is_over)) {
			is_well = drain(flow, pair->fds[1 - i]);
		}
	}
	if (!is_well || (pair->flows[0].is_over && pair->flows[1].is_over &&
			 pair->flows[0].size == 0 && pair->flows[1].size == 0)) {
		end_pair(pair, !is_well);
	}
}

static void obey(struct relay *relay)
{
	struct signalfd_siginfo signal;

	if (read(relay->signals, &signal, sizeof(signal)) != (ssize_t)sizeof(signal)) {
		return;
	}
	if (signal.ssi_signo == SIGHUP) {
		relay->target = (relay->target + 1) % relay->target_count;
	} else if (signal.ssi_signo == SIGUSR2) {
		relay->is_silent = !relay->is_silent;
	}
	for (size_t i = 0; signal.ssi_signo == SIGUSR1 && i < PAIRS_MAX; i++) {
		if (relay->pairs[i].fds[0] >= 0) {
			end_pair(&relay->pairs[i], true);
		}
	}
}

static short events_of(const struct pair *pair, int side)
{
	const struct flow *from = &pair->flows[side], *to = &pair->flows[1 - side];
	bool reads = !from->is_over && from->size < sizeof(from->bytes);

	return (short)((reads ? POLLIN : 0) | (to->size > 0 ? POLLOUT : 0));
}

static void turn(struct relay *relay)
{
	struct pollfd fds[2 + 2 * PAIRS_MAX];

	fds[0] = (struct pollfd){.fd = relay->signals, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = relay->is_silent ? -1 : relay->listener, .events = POLLIN};
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		const struct pair *pair = &relay->pairs[i];

		for (int side = 0; side < 2; side++) {
			short events = events_of(pair, side);
			/* a side that is done would report its end for ever */
			int fd = relay->is_silent || events == 0 ? -1 : pair->fds[side];

			fds[2 + 2 * i + (size_t)side] =
				(struct pollfd){.fd = fd, .events = events};
		}
	}
	if (poll(fds, 2 + 2 * PAIRS_MAX, -1) < 0) {
		die("relay: poll");
	}
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		if (relay->pairs[i].fds[0] >= 0 && !relay->is_silent) {
			serve(&relay->pairs[i], &fds[2 + 2 * i]);
		}
	}
	if ((fds[1].revents & POLLIN) != 0) {
		take_client(relay);
	}
	if ((fds[0].revents & POLLIN) != 0) {
		obey(relay);
	}
}

int main(int argc, char **argv)
{
	static struct relay relay;
	struct sockaddr_in address;
	sigset_t signals;
	int one = 1;

	if (argc > 3 && strcmp(argv[1], "-c") == 0) {
		relay.cut = strtoul(argv[2], NULL, 10);
		srandom((unsigned)getpid());
		argc -= 2;
		argv += 2;
	}
	if (argc < 3 || argc > 10) {
		(void)fputs("usage: relay [-c BYTES] PORT TARGET [TARGET...]\n", stderr);
		return 2;
	}
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGUSR1);
	(void)sigaddset(&signals, SIGUSR2);
	(void)sigaddset(&signals, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &signals, NULL);
	relay.signals = signalfd(-1, &signals, SFD_CLOEXEC);
	for (int i = 2; i < argc; i++) {
		relay.targets[relay.target_count++] = address_of(argv[i]);
	}
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		relay.pairs[i].fds[0] = relay.pairs[i].fds[1] = -1;
	}
	address = address_of(argv[1]);
	relay.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(relay.listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (relay.signals < 0 ||
	    bind(relay.listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(relay.listener, 64) < 0) {
		die("relay");
	}
	for (;;) {
		turn(&relay);
	}
}
