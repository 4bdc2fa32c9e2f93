/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A version is measured first, then copied into one allocation: the struct,
 * its arrays, its text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bus/version.h"

/* Where the next copy goes. The first pass has no memory and only counts. */
struct packer {
	char *at;
	size_t used;
};

static void *pack(struct packer *packer, const void *from, size_t size, size_t align)
{
	void *to = NULL;

	packer->used = (packer->used + align - 1) / align * align;
	if (packer->at != NULL) {
		to = packer->at + packer->used;
		memcpy(to, from, size);
	}
	packer->used += size;
	return to;
}

static const char *pack_text(struct packer *packer, const char *text)
{
	return text == NULL ? NULL : pack(packer, text, strlen(text) + 1, 1);
}

static const struct ew_property *pack_properties(struct packer *packer,
						 const struct ew_property *from, size_t count)
{
	struct ew_property *to;

	if (count == 0) {
		return NULL;
	}
	to = pack(packer, from, count * sizeof(*from), _Alignof(struct ew_property));
	for (size_t i = 0; i < count; i++) {
		const char *name = pack_text(packer, from[i].name);
		const char *value = pack_text(packer, from[i].value);

		if (to != NULL) {
			to[i].name = name;
			to[i].value = value;
		}
	}
	return to;
}

static const struct ew_label *pack_labels(struct packer *packer, const struct ew_label *from,
					  size_t count)
{
	struct ew_label *to;

	if (count == 0) {
		return NULL;
	}
	to = pack(packer, from, count * sizeof(*from), _Alignof(struct ew_label));
	for (size_t i = 0; i < count; i++) {
		const char *text = pack_text(packer, from[i].text);

		if (to != NULL) {
			to[i].text = text;
		}
	}
	return to;
}

static void pack_device(struct packer *packer, const struct ew_device_info *from,
			struct device_version *to)
{
	const struct ew_device_spec *spec = &from->spec;
	struct ew_device_info info = *from;

	info.spec.size = sizeof(info.spec);
	info.reason = pack_text(packer, from->reason == NULL ? "" : from->reason);
	info.owner = pack_text(packer, from->owner);
	info.spec.path = pack_text(packer, spec->path);
	info.spec.parent = pack_text(packer, spec->parent);
	info.spec.type = pack_text(packer, spec->type);
	info.spec.version = pack_text(packer, spec->version);
	info.spec.properties = pack_properties(packer, spec->properties, spec->property_count);
	if (to != NULL) {
		to->info = info;
	}
}

int device_version_new(const struct ew_device_info *info, struct device_version **version_out)
{
	struct packer packer = { NULL, sizeof(struct device_version) };
	struct device_version *version;

	pack_device(&packer, info, NULL);
	version = malloc(packer.used);
	if (version == NULL) {
		return -ENOMEM;
	}
	packer = (struct packer){ (char *)version, sizeof(*version) };
	pack_device(&packer, info, version);
	atomic_init(&version->refs, 1);
	version->serial = 0;
	*version_out = version;
	return 0;
}

static void pack_tag(struct packer *packer, const struct ew_tag_info *from,
		     struct tag_version *to)
{
	const struct ew_tag_spec *spec = &from->spec;
	struct ew_tag_info info = *from;

	info.spec.size = sizeof(info.spec);
	info.spec.properties = pack_properties(packer, spec->properties, spec->property_count);
	info.spec.labels = pack_labels(packer, spec->labels, spec->label_count);
	info.spec.name = pack_text(packer, spec->name);
	info.spec.unit = pack_text(packer, spec->unit);
	info.spec.description = pack_text(packer, spec->description);
	if (to != NULL) {
		to->info = info;
	}
}

int tag_version_new(const struct ew_tag_info *info, struct tag_version **version_out)
{
	struct packer packer = { NULL, sizeof(struct tag_version) };
	struct tag_version *version;

	pack_tag(&packer, info, NULL);
	version = malloc(packer.used);
	if (version == NULL) {
		return -ENOMEM;
	}
	packer = (struct packer){ (char *)version, sizeof(*version) };
	pack_tag(&packer, info, version);
	atomic_init(&version->refs, 1);
	version->serial = 0;
	version->born = 0;
	*version_out = version;
	return 0;
}

struct device_version *device_version_ref(struct device_version *version)
{
	atomic_fetch_add_explicit(&version->refs, 1, memory_order_relaxed);
	return version;
}

struct tag_version *tag_version_ref(struct tag_version *version)
{
	atomic_fetch_add_explicit(&version->refs, 1, memory_order_relaxed);
	return version;
}

void device_version_unref(struct device_version **version_at)
{
	struct device_version *version = *version_at;

	*version_at = NULL;
	if (version != NULL &&
	    atomic_fetch_sub_explicit(&version->refs, 1, memory_order_acq_rel) == 1) {
		free(version);
	}
}

void tag_version_unref(struct tag_version **version_at)
{
	struct tag_version *version = *version_at;

	*version_at = NULL;
	if (version != NULL &&
	    atomic_fetch_sub_explicit(&version->refs, 1, memory_order_acq_rel) == 1) {
		free(version);
	}
}

static bool text_is_same(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool properties_are_same(const struct ew_property *a, size_t a_count,
				const struct ew_property *b, size_t b_count)
{
	if (a_count != b_count) {
		return false;
	}
	for (size_t i = 0; i < a_count; i++) {
		if (!text_is_same(a[i].name, b[i].name) || !text_is_same(a[i].value, b[i].value)) {
			return false;
		}
	}
	return true;
}

static bool labels_are_same(const struct ew_tag_spec *a, const struct ew_tag_spec *b)
{
	if (a->label_count != b->label_count) {
		return false;
	}
	for (size_t i = 0; i < a->label_count; i++) {
		if (a->labels[i].value != b->labels[i].value ||
		    !text_is_same(a->labels[i].text, b->labels[i].text)) {
			return false;
		}
	}
	return true;
}

bool device_version_is_same(const struct device_version *version, const struct ew_device_info *info)
{
	const struct ew_device_spec *a = &version->info.spec;
	const struct ew_device_spec *b = &info->spec;

	return text_is_same(a->path, b->path) && text_is_same(a->parent, b->parent) &&
	       text_is_same(a->type, b->type) && text_is_same(a->version, b->version) &&
	       properties_are_same(a->properties, a->property_count, b->properties,
				   b->property_count);
}

/* Bit for bit: a NaN is the same as itself. */
static bool number_is_same(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool numbers_are_same(const struct ew_tag_spec *a, const struct ew_tag_spec *b)
{
	return number_is_same(a->low, b->low) && number_is_same(a->high, b->high) &&
	       number_is_same(a->write_low, b->write_low) &&
	       number_is_same(a->write_high, b->write_high) &&
	       number_is_same(a->deadband, b->deadband) && number_is_same(a->scale, b->scale) &&
	       number_is_same(a->offset, b->offset);
}

bool tag_version_is_same(const struct tag_version *version, const struct ew_tag_info *info)
{
	const struct ew_tag_spec *a = &version->info.spec;
	const struct ew_tag_spec *b = &info->spec;

	return version->info.carrier == info->carrier && a->type == b->type &&
	       a->access == b->access && a->clamp == b->clamp && a->max_age == b->max_age &&
	       a->max_bytes == b->max_bytes && numbers_are_same(a, b) &&
	       text_is_same(a->name, b->name) && text_is_same(a->unit, b->unit) &&
	       text_is_same(a->description, b->description) && labels_are_same(a, b) &&
	       properties_are_same(a->properties, a->property_count, b->properties,
				   b->property_count);
}
