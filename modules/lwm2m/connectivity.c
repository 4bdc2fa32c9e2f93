/* SPDX-License-Identifier: Apache-2.0 */
/* Connectivity Monitoring: see connectivity.h. */
#include "modules/lwm2m/connectivity.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <edgeway/loop.h>

#define BEARER_WLAN      21
#define BEARER_ETHERNET  41
#define FRESH            (INT64_C(1000000000))  /* one look serves a read of the whole object */

enum {
	BEARER = 0, BEARERS = 1, SIGNAL = 2, ADDRESSES = 4, ROUTERS = 5
};

/* The first default route: the interface's name and the router. */
static void connectivity_route(struct connectivity *connectivity, char name[IF_NAMESIZE])
{
	FILE *file = fopen("/proc/net/route", "re");
	char line[256], found[IF_NAMESIZE];
	unsigned destination, gateway;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		struct in_addr router;

		if (sscanf(line, "%15s %8x %8x", found, &destination, &gateway) != 3 ||
		    destination != 0) {
			continue;
		}
		(void)snprintf(name, IF_NAMESIZE, "%s", found);
		router.s_addr = gateway;        /* the kernel writes it as it lies in memory */
		(void)inet_ntop(AF_INET, &router, connectivity->router,
				sizeof(connectivity->router));
		break;
	}
	if (file != NULL) {
		(void)fclose(file);     /* it was only read */
	}
}

/* Level of a radio, as the kernel's table has it; 0: the interface is none. */
static int64_t connectivity_signal(const char *name)
{
	FILE *file = fopen("/proc/net/wireless", "re");
	char line[256], found[IF_NAMESIZE + 1];
	int64_t signal = 0;
	double level;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, " %16[^:]: %*s %*s %lf", found, &level) == 2 &&
		    strcmp(found, name) == 0) {
			signal = (int64_t)level;
		}
	}
	if (file != NULL) {
		(void)fclose(file);     /* it was only read */
	}
	return signal;
}

/* NULL: it is of another family. */
static const void *connectivity_address(const struct sockaddr *any)
{
	const struct sockaddr_in *four = (const void *)any;
	const struct sockaddr_in6 *six = (const void *)any;

	return any->sa_family == AF_INET ? (const void *)&four->sin_addr :
	       any->sa_family == AF_INET6 ? &six->sin6_addr : NULL;
}

static void connectivity_addresses(struct connectivity *connectivity, char name[IF_NAMESIZE])
{
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) != 0) {
		return;
	}
	for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
		const void *address;

		if (at->ifa_addr == NULL || (at->ifa_flags & IFF_LOOPBACK) != 0 ||
		    (at->ifa_flags & IFF_UP) == 0 ||
		    connectivity->address_count == CONNECTIVITY_ADDRESSES_MAX) {
			continue;
		}
		address = connectivity_address(at->ifa_addr);
		if (address == NULL) {
			continue;
		}
		if (*name == '\0') {
			(void)snprintf(name, IF_NAMESIZE, "%s", at->ifa_name);
		}
		if (inet_ntop(at->ifa_addr->sa_family, address,
			      connectivity->addresses[connectivity->address_count],
			      INET6_ADDRSTRLEN) != NULL) {
			connectivity->address_count++;
		}
	}
	freeifaddrs(list);
}

static void connectivity_look(struct connectivity *connectivity)
{
	char name[IF_NAMESIZE] = "", path[64];

	memset(connectivity, 0, sizeof(*connectivity));
	connectivity->looked = ew_now();
	connectivity_route(connectivity, name);
	connectivity_addresses(connectivity, name);
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/wireless", name);
	connectivity->bearer = *name != '\0' && access(path, F_OK) == 0 ? BEARER_WLAN :
			       BEARER_ETHERNET;
	connectivity->signal = connectivity_signal(name);
}

static bool connectivity_text(const char *text, struct lwm2m_value *value_out)
{
	value_out->type = LWM2M_STRING;
	value_out->v.x.at = text;
	value_out->v.x.size = strlen(text);
	return *text != '\0';
}

static bool connectivity_read(void *arg, const struct lwm2m_path *path,
			      struct lwm2m_value *value_out)
{
	struct connectivity *connectivity = arg;

	if (connectivity->looked == 0 || ew_now() - connectivity->looked > FRESH) {
		connectivity_look(connectivity);
	}
	value_out->type = LWM2M_INTEGER;
	switch (path->ids[2]) {
	case BEARER:
		value_out->v.i = connectivity->bearer;
		return true;
	case BEARERS:
		value_out->v.i = connectivity->bearer;
		return path->ids[3] == 0;
	case SIGNAL:
		value_out->v.i = connectivity->signal;
		return true;
	case ADDRESSES:
		return path->ids[3] < connectivity->address_count &&
		       connectivity_text(connectivity->addresses[path->ids[3]], value_out);
	case ROUTERS:
		return path->ids[3] == 0 && connectivity_text(connectivity->router, value_out);
	default:
		return false;
	}
}

const struct client_object_ops connectivity_object = {
	.read = connectivity_read,
};
