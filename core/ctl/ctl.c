/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket: who may come in, and how many. The socket's mode lets
 * everybody knock, the kernel says who it is, and the answer is given here, so
 * that a change of the group needs no new socket.
 */
#include "core/ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/ctl/inside.h"

#define CTL_GROUPS_MAX  1024

static bool ctl_has_group(int fd, const struct ucred *peer, gid_t group)
{
	gid_t groups[CTL_GROUPS_MAX];
	socklen_t size = sizeof(groups);

	if (group == (gid_t)-1) {
		return false;
	}
	if (peer->gid == group) {
		return true;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) != 0) {
		return false;
	}
	for (size_t i = 0; i < size / sizeof(groups[0]); i++) {
		if (groups[i] == group) {
			return true;
		}
	}
	return false;
}

static bool ctl_may(const struct ctl *ctl, int fd, struct ucred *peer_out)
{
	socklen_t size = sizeof(*peer_out);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer_out, &size) != 0) {
		return false;
	}
	return peer_out->uid == 0 || peer_out->uid == geteuid() ||
	       ctl_has_group(fd, peer_out, ctl->config.group);
}

/* One line, then the end: the client's first read tells it why. */
static void ctl_turn_away(struct ctl *ctl, int fd, int error, const char *why)
{
	char line[256];
	int size = snprintf(line, sizeof(line),
			    "{\"end\":\"error\",\"error\":\"%s\",\"code\":%d}\n", why, error);

	ctl->stats.refused++;
	/* a full buffer of a new socket, or a client that has gone: its loss */
	(void)!send(fd, line, (size_t)size, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

static void ctl_accept(struct ctl *ctl, int fd)
{
	struct ucred peer = { 0 };
	char who[32];

	if (!ctl_may(ctl, fd, &peer)) {
		log_msg(LOG_LEVEL_WARNING, "control", "refused uid=%u pid=%d", peer.uid, peer.pid);
		ctl_turn_away(ctl, fd, EACCES, "you are not allowed to control this daemon: "
			      "be root, its own user, or a member of control_group");
		return;
	}
	if (ctl->connection_count >= CTL_CONNECTIONS_MAX) {
		ctl_turn_away(ctl, fd, EBUSY, "too many clients are connected");
		return;
	}
	(void)snprintf(who, sizeof(who), "uid %u", peer.uid);
	if (connection_new(ctl, fd, who) == 0) {
		ctl->stats.connections++;
	}
}

static void ctl_on_ready(struct loop_watch *watch, unsigned events)
{
	struct ctl *ctl = container_of(watch, struct ctl, watch);
	int fd;

	(void)events; /* there is only one thing that a listening socket says */
	while ((fd = accept4(ctl->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		ctl_accept(ctl, fd);
	}
}

static int ctl_listen(struct ctl *ctl, struct ew_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t size = strlen(ctl->config.path);
	int error;

	if (size >= sizeof(address.sun_path)) {
		(void)ew_fail(err, "the control socket's path '%s' is longer than %zu bytes",
			      ctl->config.path, sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(address.sun_path, ctl->config.path, size);
	memcpy(ctl->path, ctl->config.path, size);
	ctl->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (ctl->fd < 0) {
		error = -errno;
		(void)ew_fail(err, "no control socket: %s", strerror(-error));
		return error;
	}
	/* the state directory's lock says that nobody else serves an old one */
	(void)unlink(ctl->path);
	if (bind(ctl->fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(ctl->path, 0666) != 0 || listen(ctl->fd, 16) != 0) {
		error = -errno;
		ctl->path[0] = '\0';
		(void)ew_fail(err, "no control socket '%s': %s", ctl->config.path,
			      strerror(-error));
		return error;
	}
	return watch_init(&ctl->watch, ctl->config.loop, ctl->fd, EPOLLIN, ctl_on_ready);
}

int ctl_new(const struct ctl_config *config, struct ctl **ctl_out, struct ew_error *err)
{
	struct ctl *ctl = calloc(1, sizeof(*ctl));
	int error;

	if (ctl == NULL) {
		return -ENOMEM;
	}
	ctl->config = *config;
	ctl->fd = -1;
	list_init(&ctl->connections);
	error = config->path == NULL ? 0 : ctl_listen(ctl, err);
	ctl->config.path = ctl->path;
	if (error != 0) {
		ctl_free(&ctl);
		return error;
	}
	*ctl_out = ctl;
	return 0;
}

void ctl_free(struct ctl **ctl_at)
{
	struct ctl *ctl = *ctl_at;
	struct list *node, *after;

	if (ctl == NULL) {
		return;
	}
	*ctl_at = NULL;
	list_for_each_safe (node, after, &ctl->connections) {
		connection_free(list_entry(node, struct connection, node));
	}
	watch_fini(&ctl->watch);
	if (ctl->fd >= 0) {
		(void)close(ctl->fd);
	}
	if (ctl->path[0] != '\0') {
		(void)unlink(ctl->path); /* it may be gone with its directory */
	}
	free(ctl);
}

void ctl_set_group(struct ctl *ctl, gid_t group)
{
	ctl->config.group = group;
}

struct ctl_stats ctl_stats(const struct ctl *ctl)
{
	return ctl->stats;
}

int ctl_adopt(struct ctl *ctl, int fd)
{
	return connection_new(ctl, fd, "test");
}

const struct ctl_command *ctl_find(const struct ctl *ctl, const char *name, void **arg_out)
{
	for (size_t i = 0; i < CTL_TABLES_MAX; i++) {
		const struct ctl_command *command = ctl->config.tables[i].commands;

		for (; command != NULL && command->name != NULL; command++) {
			if (strcmp(command->name, name) == 0) {
				*arg_out = ctl->config.tables[i].arg;
				return command;
			}
		}
	}
	return NULL;
}
