/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated device: its kind, its state, what its neighbours do to it.
 *
 * A kind is a table of tags and three functions. A tag row names the member of the device that it
 * shows or commands, so sensing and writing need no code per kind. Kinds live one a file; they
 * are pure: no clock, no allocation, no bus.
 *
 * Units inside: seconds, m3/h for liquids, m3/min of free air, metres of head, bar, kW, degrees
 * Celsius; speeds and openings as a share of the rated value.
 */
#ifndef SIMULATOR_PLANT_DEVICE_H
#define SIMULATOR_PLANT_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "modules/simulator/plant/random.h"
#include "modules/simulator/plant/signal.h"

struct plant_device;

/* The type decides which C type the member at `at` has: bool, uint64_t or double. */
enum plant_type {
	PLANT_BOOL,
	PLANT_U8,
	PLANT_U32,
	PLANT_F32,
	PLANT_F64,
};

enum plant_mode {
	PLANT_STOPPED,
	PLANT_RUNNING,
	PLANT_TRIPPED, /* by its own protection; stop it to acknowledge */
	PLANT_SAFE,    /* after a missed heartbeat */
	PLANT_MODE_COUNT
};

#define PLANT_WRITABLE  1u
#define PLANT_ON_CHANGE 2u /* sampled when it changes; the others at every scan */
#define PLANT_HEARTBEAT 4u /* a write feeds the device's watchdog */
#define PLANT_MODE      8u /* one of enum plant_mode */

struct plant_tag {
	const char *name;
	enum plant_type type;
	unsigned flags;
	const char *unit;     /* UCUM; NULL: none */
	double low, high;     /* the sensor saturates here; both 0: no range */
	double write_low, write_high;
	double noise;         /* standard deviation */
	double resolution;    /* 0: as computed */
	size_t at;            /* offset in struct plant_device */
	const char *about;
};

/* Alarms are bits of plant_device.alarms, in the order of the kind's table. */
struct plant_alarm {
	const char *key;
	const char *about;
	bool critical;        /* else a warning */
};

enum plant_link {
	PLANT_FEEDS,  /* liquid or air flows from this device into the other */
	PLANT_DRIVES, /* this device turns the other and bears its load */
	PLANT_HEATS,  /* this device's losses warm the other */
	PLANT_COOLS,  /* this device's flow carries heat away from the other */
	PLANT_LINK_COUNT
};

struct plant_kind {
	const char *name;
	const char *about;
	const char *const *links[PLANT_LINK_COUNT]; /* kinds it may link to, NULL at the end */
	const struct plant_tag *tags;
	size_t tag_count;
	const struct plant_alarm *alarms;
	size_t alarm_count;
	/* initial state, and what depends on the step h (s) only; memory is zeroed before */
	void (*init)(struct plant_device *device, double h);
	/* h seconds pass: from in and the commands to out, the mode and the alarms */
	void (*step)(struct plant_device *device, double h);
	/* set the commands that are safe; the device stays with them until written again */
	void (*safe)(struct plant_device *device);
};

/* What neighbours did in the previous step. Members without a link keep the value in brackets. */
struct plant_input {
	double flow;       /* that arrives [0] */
	double coolant;    /* m3/h [0] */
	double heat;       /* kW [0] */
	double drive;      /* speed of the drive [1] */
	double load;       /* kW taken by the machine this one drives [0] */
	double resistance; /* of what is fed, m/(m3/h)^2 [0] */
	double head;       /* of what is fed: m of liquid, bar of air [0] */
	bool fed, feeding, driving;
};

struct plant_output {
	double flow;
	double speed;
	double power;      /* kW taken from the drive */
	double heat;       /* kW of losses */
	double resistance;
	double head;
};

struct pump {
	bool run;
	double speed;           /* setpoint, Hz */
	struct lag turning;     /* share of rated speed */
	struct lag flow;        /* m3/h */
	bool turns;
	double actual, rate, pressure, power, hours;
};

struct flow {
	double valve;           /* setpoint, % */
	struct lag opening;     /* 0 to 1 */
	struct lag meter;       /* m3/h */
	struct drift supply;
	double position, rate, total;
	double dry;             /* s that nothing flows */
};

struct level {
	double valve;           /* setpoint, % */
	struct lag opening;
	struct drift supply, demand;
	double volume;          /* m3 */
	double level, inflow, outflow, spilled, position;
	bool low, high;
};

struct compressor {
	bool run;
	bool unloaded;          /* by its pressure switch */
	double load;            /* setpoint, % */
	struct lag turning;
	struct lag loading;
	double oil;             /* Cel */
	double delivery, power, hours;
};

struct pressure {
	double valve;           /* setpoint, % */
	struct lag opening;
	struct drift demand;
	double gauge;           /* bar above the atmosphere */
	double outflow, position;
	bool relief;
};

struct motor {
	bool run;
	double speed;           /* setpoint, 1/min */
	struct lag turning;     /* share of rated speed */
	struct drift burden;
	double winding;         /* Cel */
	double actual, current, torque, power, vibration;
	uint64_t starts;
	bool tripped, was_running;
};

struct temperature {
	double heater;          /* setpoint, % */
	double limit;           /* Cel, of the alarm */
	struct lag heating;     /* 0 to 1 */
	struct lag sensor;      /* Cel: the thermowell */
	struct drift ambient;
	double medium;          /* Cel */
	double measured, power;
	bool high;
};

enum plant_watch {
	PLANT_WATCH_OFF,     /* no heartbeat yet, or released by writing 0 */
	PLANT_WATCH_ARMED,
	PLANT_WATCH_EXPIRED, /* in the safe state until the next heartbeat */
};

struct plant_device {
	const struct plant_kind *kind;
	char *name;
	struct random_stream random;       /* of the physics */
	struct random_stream sensor_noise; /* apart, so that looking changes nothing */
	double noise;           /* factor of all noise and drift; 0: none */
	struct plant_input in;
	struct plant_output out;
	uint64_t mode;          /* enum plant_mode */
	uint64_t heartbeat;
	double heartbeat_left;  /* s of plant time */
	enum plant_watch watch;
	uint32_t alarms;
	uint32_t first_tag;     /* index of its first tag among all tags of the plant */
	union {
		struct pump pump;
		struct flow flow;
		struct level level;
		struct compressor compressor;
		struct pressure pressure;
		struct motor motor;
		struct temperature temperature;
	} is;
};

#define PLANT_AT(member) offsetof(struct plant_device, member)

/* The rows that every kind ends with. */
#define PLANT_COMMON_TAGS                                                                     \
	{                                                                                     \
		.name = "heartbeat", .type = PLANT_U32,                                       \
		.flags = PLANT_WRITABLE | PLANT_ON_CHANGE | PLANT_HEARTBEAT,                  \
		.write_high = 4294967295.0, .at = PLANT_AT(heartbeat),                        \
		.about = "any number but 0 arms the watchdog and feeds it; 0 releases it",    \
	},                                                                                    \
	{                                                                                     \
		.name = "state", .type = PLANT_U8, .flags = PLANT_ON_CHANGE | PLANT_MODE,     \
		.high = PLANT_MODE_COUNT - 1, .at = PLANT_AT(mode),                           \
		.about = "stopped, running, tripped, or safe after a missed heartbeat",       \
	}

#define PLANT_AMBIENT 20.0 /* Cel */
#define PLANT_HOUR    3600.0

/* Raise an alarm, or clear it; between the two conditions it stays, so that it does not flap. */
static inline void plant_alarm_set(struct plant_device *device, unsigned bit, bool raise,
				   bool clear)
{
	if (raise) {
		device->alarms |= 1u << bit;
	} else if (clear) {
		device->alarms &= ~(1u << bit);
	}
}

extern const struct plant_kind plant_pump;
extern const struct plant_kind plant_flow;
extern const struct plant_kind plant_level;
extern const struct plant_kind plant_compressor;
extern const struct plant_kind plant_pressure;
extern const struct plant_kind plant_motor;
extern const struct plant_kind plant_temperature;

#endif
