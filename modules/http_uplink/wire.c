/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP requests on the instance's loop: see wire.h. */
#include "modules/http_uplink/wire.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>

#include "modules/http_uplink/transfer.h"

struct wire_socket {
	struct wire *wire;
	struct ew_watch *watch;
};

/* ---- sockets and time, as libcurl asks for them ---- */

static void wire_collect(struct wire *wire);

static void wire_act(struct wire *wire, curl_socket_t socket, int events)
{
	long left = -1;
	int running;

	/* what fails shows in the transfers */
	(void)curl_multi_socket_action(wire->multi, socket, events, &running);
	wire_collect(wire);
	/* a timer that ran early is not asked for again by libcurl itself */
	if (socket == CURL_SOCKET_TIMEOUT &&
	    curl_multi_timeout(wire->multi, &left) == CURLM_OK && left >= 0) {
		ew_timer_set(wire->timer, left * EW_MILLISECOND, 0);
	}
}

static void wire_on_socket(void *arg, int fd, unsigned events)
{
	const struct wire_socket *socket = arg;
	int ready = 0;

	ready |= (events & EW_FD_READ) != 0 ? CURL_CSELECT_IN : 0;
	ready |= (events & EW_FD_WRITE) != 0 ? CURL_CSELECT_OUT : 0;
	ready |= (events & EW_FD_ERROR) != 0 ? CURL_CSELECT_ERR : 0;
	wire_act(socket->wire, fd, ready);
}

static void wire_on_timer(void *arg)
{
	wire_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int wire_want_time(CURLM *multi, long timeout, void *arg)
{
	struct wire *wire = arg;

	(void)multi;
	if (wire->has_ended) {
		return 0;
	}
	if (timeout < 0) {
		ew_timer_stop(wire->timer);
	} else {
		ew_timer_set(wire->timer, timeout * EW_MILLISECOND, 0);
	}
	return 0;
}

static void wire_drop_socket(struct wire_socket *socket)
{
	if (socket != NULL) {
		ew_watch_free(&socket->watch);
		free(socket);
	}
}

static struct wire_socket *wire_add_socket(struct wire *wire, curl_socket_t fd, unsigned events)
{
	struct wire_socket *socket = calloc(1, sizeof(*socket));

	if (socket == NULL) {
		return NULL;
	}
	socket->wire = wire;
	if (ew_watch_new(wire->inst, "socket", fd, events, wire_on_socket, socket,
			 &socket->watch) != 0) {
		free(socket);
		return NULL;
	}
	(void)curl_multi_assign(wire->multi, fd, socket); /* fd is one that it just named */
	return socket;
}

static int wire_want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct wire *wire = arg;
	struct wire_socket *socket = socket_arg;
	unsigned events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		wire_drop_socket(socket);
		(void)curl_multi_assign(wire->multi, fd, NULL); /* as above */
		return 0;
	}
	if (wire->has_ended) {
		return 0;
	}
	events |= (what & CURL_POLL_IN) != 0 ? EW_FD_READ : 0;
	events |= (what & CURL_POLL_OUT) != 0 ? EW_FD_WRITE : 0;
	if (socket == NULL) {
		/* without a watch the transfer times out */
		return wire_add_socket(wire, fd, events) == NULL ? -1 : 0;
	}
	return ew_watch_set(socket->watch, events) == 0 ? 0 : -1;
}

/* ---- results ---- */

static void wire_collect(struct wire *wire)
{
	struct transfer *transfer;
	CURLMsg *message;
	CURLcode code;
	void *arg;
	int left;

	while ((message = curl_multi_info_read(wire->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE ||
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &arg) != CURLE_OK) {
			continue;
		}
		/* the message dies with the next call */
		code = message->data.result;
		transfer = arg;
		transfer_end(transfer, code);
	}
}

/* ---- life ---- */

int wire_open(struct ew_instance *inst, const struct settings *settings, struct wire **wire_out)
{
	struct wire *wire = calloc(1, sizeof(*wire));
	int error = wire == NULL ? -ENOMEM : 0;

	/* counted by libcurl, and safe from any thread since 7.84 */
	if (error == 0 && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		error = -ENOMEM;
	}
	if (error == 0 && (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_SSL) == 0) {
		curl_global_cleanup();
		error = -ENOTSUP;
	}
	if (error != 0) {
		free(wire);
		return error;
	}
	wire->inst = inst;
	wire->settings = settings;
	wire->multi = curl_multi_init();
	error = wire->multi == NULL ? -ENOMEM :
		ew_timer_new(inst, "libcurl", wire_on_timer, wire, &wire->timer);
	if (error != 0) {
		wire_close(&wire);
		return error;
	}
	(void)curl_multi_setopt(wire->multi, CURLMOPT_SOCKETFUNCTION, wire_want_socket);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_SOCKETDATA, wire);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_TIMERFUNCTION, wire_want_time);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_TIMERDATA, wire);
	(void)curl_multi_setopt(wire->multi, CURLMOPT_MAXCONNECTS, (long)settings->requests);
	*wire_out = wire;
	return 0;
}

void wire_end(struct wire *wire)
{
	if (wire != NULL) {
		wire->has_ended = true;
	}
}

void wire_close(struct wire **wire_at)
{
	struct wire *wire = *wire_at;

	if (wire == NULL) {
		return;
	}
	*wire_at = NULL;
	wire_end(wire);
	(void)curl_multi_cleanup(wire->multi);
	ew_timer_free(&wire->timer);
	free(wire);
	curl_global_cleanup();
}

void wire_change(struct wire *wire, const struct settings *settings)
{
	wire->settings = settings;
	wire->changed_at = ew_now();
}
