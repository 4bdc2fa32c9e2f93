/* SPDX-License-Identifier: Apache-2.0 */
/* Network interfaces: what /proc/net/dev counts, and whether the link is up. */
#include <errno.h>
#include <stdio.h>

#include "modules/host/host.h"

struct interface_values {
	struct proc_interface file;
	double receive_rate, send_rate;
	bool up;
};

#define AT(member) offsetof(struct interface_values, member)

static const struct section_row rows[] = {
	{"Network/ReceivedBytes", EW_TYPE_U64, "By", 0, 0, 0, AT(file.received_bytes),
	 "received since boot"},
	{"Network/ReceivedPackets", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.received_packets),
	 "packets received since boot"},
	{"Network/ReceivedErrors", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.received_errors),
	 "damaged packets received since boot"},
	{"Network/ReceivedDropped", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.received_dropped),
	 "packets received and dropped since boot"},
	{"Network/SentBytes", EW_TYPE_U64, "By", 0, 0, 0, AT(file.sent_bytes), "sent since boot"},
	{"Network/SentPackets", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.sent_packets),
	 "packets sent since boot"},
	{"Network/SentErrors", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.sent_errors),
	 "packets that could not be sent since boot"},
	{"Network/SentDropped", EW_TYPE_U64, NULL, 0, 0, 0, AT(file.sent_dropped),
	 "packets dropped before sending since boot"},
	{"Network/ReceiveRate", EW_TYPE_F64, "By/s", 0, 0, 0, AT(receive_rate),
	 "received since the last scan"},
	{"Network/SendRate", EW_TYPE_F64, "By/s", 0, 0, 0, AT(send_rate),
	 "sent since the last scan"},
	{"Network/Up", EW_TYPE_BOOL, NULL, 0, 0, 0, AT(up), "the link is up"},
};

#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

int interfaces_open(struct interfaces *interfaces, struct host *host)
{
	return source_init(&interfaces->stats, host->settings->proc, "net/dev");
}

void interfaces_close(struct interfaces *interfaces)
{
	source_fini(&interfaces->stats);
	items_close(&interfaces->items);
}

static int interfaces_new(struct interfaces *interfaces, struct host *host, const char *name,
			  struct item **item_out)
{
	const struct host_settings *set = host->settings;
	struct item *item = items_add(&interfaces->items, name);
	char file[PROC_NAME_MAX + 32];
	int rc;

	if (item == NULL) {
		return -ENOMEM;
	}
	*item_out = item;
	if (!host_wants(name, set->interfaces, set->interface_count, set->skip_interfaces,
			set->skip_interface_count)) {
		return 0;
	}
	(void)snprintf(file, sizeof(file), "class/net/%s/operstate", name); /* it fits */
	rc = source_init(&item->state, host->settings->sys, file);
	if (rc == 0) {
		rc = items_declare(host, item, "net", rows, ROW_COUNT);
	}
	return rc;
}

/* A tunnel does not know its state and says so; it is up as far as one can tell. */
static bool interfaces_is_up(struct item *item)
{
	struct scan text, line, word;

	return source_read(&item->state, &text) == 0 && scan_line(&text, &line) &&
	    scan_word(&line, &word) && (scan_is(&word, "up") || scan_is(&word, "unknown"));
}

static int interfaces_sample(struct host *host, struct item *item,
			     const struct proc_interface *file)
{
	const struct proc_interface *before = &item->interface_before;
	struct interface_values values = {.file = *file, .up = interfaces_is_up(item)};

	values.receive_rate = host_rate(host, before->received_bytes, file->received_bytes,
					item->has_before);
	values.send_rate = host_rate(host, before->sent_bytes, file->sent_bytes,
				     item->has_before);
	item->interface_before = *file;
	item->has_before = true;
	return section_sample(&item->section, &values, &host->sheet);
}

int interfaces_scan(struct interfaces *interfaces, struct host *host)
{
	struct proc_interface file;
	struct scan text;
	size_t place = 0;
	int rc = source_read(&interfaces->stats, &text);

	if (rc == -ENOENT) {
		return 0;
	}
	while (rc == 0 && proc_interface_next(&text, &file)) {
		struct item *item = items_find(&interfaces->items, file.name, place++);

		if (item == NULL) {
			rc = interfaces_new(interfaces, host, file.name, &item);
		}
		if (rc != 0) {
			break;
		}
		item->seen = true;
		if (!item->ignored) {
			rc = interfaces_sample(host, item, &file);
		}
	}
	if (rc == 0) {
		items_sweep(host, &interfaces->items);
	}
	return rc;
}
