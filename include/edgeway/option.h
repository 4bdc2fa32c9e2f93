/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: one table row says all there is to say about one key of the YAML.
 *
 * From the rows come parsing, `edgewayd --check`, defaults, `--describe`, the
 * JSON Schema and the manual. Core allocates the settings struct, fills it
 * from the YAML and frees it; a module only reads it.
 *
 *	struct pump_settings {
 *		ew_dur every;
 *		double limit;
 *		const char *label;
 *	};
 *
 *	static const struct ew_option pump_options[] = {
 *		EW_DURATION_OPTION(struct pump_settings, every, .fallback = "1s",
 *				   .min = "1ms", .help = "time between two samples"),
 *		EW_OPTION(struct pump_settings, limit, .flags = EW_REQUIRED,
 *			  .unit = "bar", .help = "pressure that stops the pump"),
 *		EW_OPTION(struct pump_settings, label, .help = "shown in the log"),
 *		EW_OPTION_END
 *	};
 *
 * The macros compare the type of the row with the type of the struct's member:
 * a wrong pair does not compile. The key is the member's name unless .name
 * says otherwise. Fallback, min and max are written as in YAML. What is not
 * given and has no fallback is zero: NULL, 0, no.
 */
#ifndef EDGEWAY_OPTION_H
#define EDGEWAY_OPTION_H

#include <edgeway/base.h>
#include <edgeway/error.h>

EW_BEGIN_DECLS

/* What the text of the key (or of each item of a list) means. */
enum ew_option_type {
	EW_OPTION_NONE = 0,     /* ends a table */
	EW_OPTION_BOOL = 1,     /* bool: yes, no, true, false */
	EW_OPTION_INT = 2,      /* int64_t */
	EW_OPTION_UINT = 3,     /* uint64_t */
	EW_OPTION_FLOAT = 4,    /* double */
	EW_OPTION_STRING = 5,   /* const char * */
	EW_OPTION_DURATION = 6, /* ew_dur: 500ms, 1h30m */
	EW_OPTION_SIZE = 7,     /* uint64_t, bytes: 16KiB, 2GiB */
	EW_OPTION_ENUM = 8,     /* int, or an enum: place of the word in .words */
	EW_OPTION_FILE = 9,     /* const char *: a path, made absolute; the file need not exist */
	EW_OPTION_SECRET = 10,  /* const char *: the content of a file, last line feed cut */
	EW_OPTION_PAIRS = 11,   /* struct ew_property list: a map of words to text */
	EW_OPTION_TABLE = 12,   /* a struct with a table of its own */
	EW_OPTION_RAW = 13      /* const struct ew_node *: the subtree as it stands */
};

/* One or many. */
enum ew_option_shape {
	EW_SHAPE_ONE = 0,
	EW_SHAPE_LIST = 1,      /* pointer and count: [a, b]; a single item needs no brackets */
	EW_SHAPE_MAP = 2        /* tables only: {name: {...}}; the name goes to the item's key */
};

/* ew_option.flags */
#define EW_REQUIRED     0x01u   /* leaving it out is an error */
#define EW_SECRET       0x02u   /* printed as *** */
#define EW_MUST_EXIST   0x04u   /* EW_OPTION_FILE: must be readable when the YAML is checked */
#define EW_SHORT        0x08u   /* EW_OPTION_TABLE: text instead of a map sets its first row */

/* One key. Rows grow at the end; the descriptor carries the size of a row. */
struct ew_option {
	const char *name;       /* the key in YAML; NULL: as the member */
	const char *member;
	uint32_t type;          /* enum ew_option_type */
	uint32_t shape;         /* enum ew_option_shape */
	uint32_t flags;
	uint32_t offset;        /* of the member */
	uint32_t count_offset;  /* lists, maps, pairs: of the size_t that counts them */
	uint32_t item_size;     /* tables in lists and maps: size of one */
	uint32_t key_offset;    /* tables in maps: of the const char * for the name */
	uint32_t set;           /* EW_SET_IN(...): a bool that says whether the YAML gave it */
	const char *fallback;   /* as in YAML; a list's items separated by commas */
	const char *min;        /* as in YAML; NULL: none */
	const char *max;
	const char *unit;       /* for the reader: Hz, bar */
	const char *const *words;       /* EW_OPTION_ENUM: ended by NULL */
	const struct ew_option *rows;   /* EW_OPTION_TABLE: ended by EW_OPTION_END */
	const char *help;       /* one line, lower case, no full stop */
};

#define EW_MEMBER(type, member)  (((type *)0)->member)
#define EW_OFFSET(type, member)  ((uint32_t)offsetof(type, member))

/* Place of a member whose type must be the one given. */
#define EW_OFFSET_OF(type, member, must) \
	(EW_OFFSET(type, member) + _Generic(EW_MEMBER(type, member), must: 0u))

/* .set = EW_SET_IN(struct x, has_limit): has_limit becomes true if the YAML gives the key. */
#define EW_SET_IN(type, member)  (EW_OFFSET_OF(type, member, bool) + 1u)

/* bool, int64_t, uint64_t, double or const char *, whichever the member is. */
#define EW_OPTION(st, mem, ...)                                         \
	{ .member = #mem, .offset = EW_OFFSET(st, mem),                 \
	  .type = _Generic(EW_MEMBER(st, mem),                          \
			   bool: EW_OPTION_BOOL,                        \
			   int64_t: EW_OPTION_INT,                      \
			   uint64_t: EW_OPTION_UINT,                    \
			   double: EW_OPTION_FLOAT,                     \
			   const char *: EW_OPTION_STRING),             \
	  __VA_ARGS__ }

#define EW_DURATION_OPTION(st, mem, ...)                                \
	{ .member = #mem, .offset = EW_OFFSET_OF(st, mem, ew_dur),      \
	  .type = EW_OPTION_DURATION, __VA_ARGS__ }

#define EW_SIZE_OPTION(st, mem, ...)                                    \
	{ .member = #mem, .offset = EW_OFFSET_OF(st, mem, uint64_t),    \
	  .type = EW_OPTION_SIZE, __VA_ARGS__ }

/* list: const char *const[], ended by NULL; the member an int or an enum. */
#define EW_ENUM_OPTION(st, mem, list, ...)                              \
	{ .member = #mem,                                               \
	  .offset = EW_OFFSET(st, mem) +                                \
		    _Generic(EW_MEMBER(st, mem), int: 0u, unsigned: 0u), \
	  .type = EW_OPTION_ENUM, .words = (list), __VA_ARGS__ }

/*
 * A path: `credential:NAME` (of systemd), `file:PATH` or PATH, relative to the
 * YAML file that says it. `pkcs11:...` stays as it is.
 */
#define EW_FILE_OPTION(st, mem, ...)                                    \
	{ .member = #mem, .offset = EW_OFFSET_OF(st, mem, const char *), \
	  .type = EW_OPTION_FILE, __VA_ARGS__ }

/* `credential:NAME` or `file:PATH`: never the secret itself. */
#define EW_SECRET_OPTION(st, mem, ...)                                  \
	{ .member = #mem, .offset = EW_OFFSET_OF(st, mem, const char *), \
	  .type = EW_OPTION_SECRET, __VA_ARGS__ }

/* A list: `const T *mem; size_t count;` with T as in EW_OPTION. */
#define EW_LIST_OPTION(st, mem, count, ...)                             \
	{ .member = #mem, .offset = EW_OFFSET(st, mem),                 \
	  .count_offset = EW_OFFSET_OF(st, count, size_t),              \
	  .shape = EW_SHAPE_LIST,                                       \
	  .type = _Generic(EW_MEMBER(st, mem),                          \
			   const int64_t *: EW_OPTION_INT,              \
			   const uint64_t *: EW_OPTION_UINT,            \
			   const double *: EW_OPTION_FLOAT,             \
			   const char *const *: EW_OPTION_STRING),      \
	  __VA_ARGS__ }

/* A map of words to text: `const struct ew_property *mem; size_t count;`. */
#define EW_PAIRS_OPTION(st, mem, count, ...)                            \
	{ .member = #mem,                                               \
	  .offset = EW_OFFSET_OF(st, mem, const struct ew_property *),      \
	  .count_offset = EW_OFFSET_OF(st, count, size_t),              \
	  .type = EW_OPTION_PAIRS, __VA_ARGS__ }

/* A struct inside the struct, with its own table. */
#define EW_TABLE_OPTION(st, mem, table, ...)                            \
	{ .member = #mem, .offset = EW_OFFSET(st, mem),                 \
	  .type = EW_OPTION_TABLE, .rows = (table), __VA_ARGS__ }

/* A list of structs: `const item *mem; size_t count;`. */
#define EW_TABLES_OPTION(st, mem, count, item, table, ...)              \
	{ .member = #mem, .offset = EW_OFFSET_OF(st, mem, const item *), \
	  .count_offset = EW_OFFSET_OF(st, count, size_t),              \
	  .item_size = (uint32_t)sizeof(item), .shape = EW_SHAPE_LIST,  \
	  .type = EW_OPTION_TABLE, .rows = (table), __VA_ARGS__ }

/* A map of structs; item has a member `const char *key` for the name. */
#define EW_TABLE_MAP_OPTION(st, mem, count, item, key, table, ...)      \
	{ .member = #mem, .offset = EW_OFFSET_OF(st, mem, const item *), \
	  .count_offset = EW_OFFSET_OF(st, count, size_t),              \
	  .item_size = (uint32_t)sizeof(item), .shape = EW_SHAPE_MAP,   \
	  .key_offset = EW_OFFSET_OF(item, key, const char *),          \
	  .type = EW_OPTION_TABLE, .rows = (table), __VA_ARGS__ }

/* The subtree itself, for configuration that is a language of its own. */
#define EW_RAW_OPTION(st, mem, ...)                                     \
	{ .member = #mem,                                               \
	  .offset = EW_OFFSET_OF(st, mem, const struct ew_node *),      \
	  .type = EW_OPTION_RAW, __VA_ARGS__ }

#define EW_OPTION_END   { .type = EW_OPTION_NONE }

/* A piece of the YAML, variables expanded. Read-only; part of the settings. */
struct ew_node;

enum ew_node_kind {
	EW_NODE_SCALAR = 0,
	EW_NODE_LIST = 1,
	EW_NODE_MAP = 2
};

/*
 * Thread:  any
 * Owner:   nothing
 * Errors:  none
 */
EW_API enum ew_node_kind ew_node_kind(const struct ew_node *node);

/*
 * The text of a scalar.
 *
 * Thread:  any
 * Owner:   borrowed from the settings
 * Errors:  NULL for a list or a map; "" for a key without a value
 */
EW_API const char *ew_node_text(const struct ew_node *node);

/*
 * How many items a list or entries a map has; 0 for a scalar.
 *
 * Thread:  any
 * Owner:   nothing
 * Errors:  none
 */
EW_API size_t ew_node_count(const struct ew_node *node);

/*
 * Item of a list, or value of a map's entry, in the order of the file.
 *
 * Thread:  any
 * Owner:   borrowed from the settings
 * Errors:  NULL beyond the last one
 */
EW_API const struct ew_node *ew_node_at(const struct ew_node *node, size_t index);

/*
 * Key of a map's entry.
 *
 * Thread:  any
 * Owner:   borrowed from the settings
 * Errors:  NULL beyond the last one, or when node is no map
 */
EW_API const char *ew_node_key(const struct ew_node *node, size_t index);

/*
 * Value of a key.
 *
 * Thread:  any
 * Owner:   borrowed from the settings
 * Errors:  NULL: no such key, or node is no map
 */
EW_API const struct ew_node *ew_node_find(const struct ew_node *node, const char *key);

/*
 * Read a scalar, as strictly as an option is read: a boolean is yes, no, true
 * or false; a duration has a unit.
 *
 * Thread:  any
 * Owner:   err may be NULL
 * Errors:  -EINVAL  not of this form; err has text and position, *value_out is untouched
 */
EW_API int ew_node_bool(const struct ew_node *node, bool *value_out, struct ew_error *err)
	EW_CHECKED;
EW_API int ew_node_int(const struct ew_node *node, int64_t *value_out, struct ew_error *err)
	EW_CHECKED;
EW_API int ew_node_float(const struct ew_node *node, double *value_out, struct ew_error *err)
	EW_CHECKED;
EW_API int ew_node_duration(const struct ew_node *node, ew_dur *value_out,
			    struct ew_error *err) EW_CHECKED;

/*
 * As ew_fail(), and at the position of this node instead of the instance's.
 *
 * Thread:  any, in a callback that was given err
 * Owner:   text copied; err may be NULL
 * Errors:  always returns -EINVAL
 */
EW_API int ew_node_fail(struct ew_error *err, const struct ew_node *node, const char *format,
			...) EW_PRINTF(3, 4);

/*
 * The same, at a byte of the scalar's text: for a language inside a scalar.
 * Where the text is not in the file as it is read (folded over lines, with a
 * variable in it), the position is that of the scalar.
 *
 * Thread:  any, in a callback that was given err
 * Owner:   text copied; err may be NULL
 * Errors:  always returns -EINVAL
 */
EW_API int ew_node_fail_at(struct ew_error *err, const struct ew_node *node, size_t byte,
			   const char *format, ...) EW_PRINTF(4, 5);

/*
 * Warn in check() of what is allowed and probably not meant, at the position
 * of this node. Any number of times; the check goes on.
 *
 * Thread:  any, in a callback that was given err
 * Owner:   text copied; err may be NULL
 * Errors:  none
 */
EW_API void ew_node_warn(struct ew_error *err, const struct ew_node *node, const char *format,
			 ...) EW_PRINTF(3, 4);

EW_END_DECLS

#endif
