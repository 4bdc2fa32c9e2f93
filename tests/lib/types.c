/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source with one tag of every datatype, named after it, that does as it is
 * told: what is written is published. Before that there is nothing to publish.
 */
#include <edgeway/module.h>

#include <errno.h>
#include <stdlib.h>

struct settings {
	bool arrays;
};

static const struct ew_option options[] = {
	EW_OPTION(struct settings, arrays, .fallback = "yes", .help = "also of arrays"),
	EW_OPTION_END
};

struct types {
	struct ew_instance *inst;
	const struct settings *settings;
};

static int types_declare(struct types *types)
{
	const struct ew_device_spec spec = { .size = sizeof(spec), .path = ew_name(types->inst) };
	uint32_t device, tag;
	int error = ew_device_declare(types->inst, &spec, &device);

	for (unsigned type = 1; error == 0 && type <= (EW_TYPE_ARRAY | EW_TYPE_TEXT); type++) {
		const struct ew_tag_spec one = {
			.size = sizeof(one), .name = ew_type_name(type), .type = type,
			.access = EW_ACCESS_READ | EW_ACCESS_WRITE,
		};

		if (one.name != NULL && type != EW_TYPE_TEMPLATE &&
		    (types->settings->arrays || type < EW_TYPE_ARRAY)) {
			error = ew_tag_declare(types->inst, device, &one, &tag);
		}
	}
	return error == 0 ? ew_device_state(types->inst, device, EW_DEVICE_UP, NULL) : error;
}

static void types_on_write(void *self, struct ew_write *write)
{
	struct types *types = self;

	for (size_t i = 0; i < write->count; i++) {
		struct ew_sample sample = write->items[i];

		sample.time = ew_wall();
		if (ew_publish(types->inst, &sample, 1, NULL) != 0) {
			(void)ew_write_refuse(types->inst, &write, -EIO); /* or it came too late */
			return;
		}
	}
	(void)ew_write_done(types->inst, &write, NULL); /* or it came too late */
}

static int types_open(struct ew_instance *inst, const void *settings, void **self_out)
{
	struct types *types = calloc(1, sizeof(*types));

	if (types == NULL) {
		return -ENOMEM;
	}
	types->inst = inst;
	types->settings = settings;
	*self_out = types;
	return 0;
}

static int types_start(void *self)
{
	return types_declare(self);
}

static void types_close(void *self)
{
	free(self);
}

EW_MODULE(
	.name = "types", .version = "1.0", .summary = "a tag of every datatype",
	.options = options, .settings_size = sizeof(struct settings),
	.open = types_open, .start = types_start, .close = types_close,
	.write = types_on_write);
