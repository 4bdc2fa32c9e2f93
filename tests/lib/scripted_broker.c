/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker that says what it is told to, in plain text on 127.0.0.1, for what
 * Mosquitto never says. One client after the other.
 *
 *   scripted_broker PORT name=bytes...     bytes in hexadecimal
 *
 *   connack=...   answers CONNECT ("" : no answer)
 *   suback=XX     reason code for each SUBSCRIBE ("" : no answer)
 *   then=...      sent once after the last answer that is configured
 *   version=5|4   form of SUBACK
 *
 * Writes a line for each packet it reads: its first byte in hexadecimal.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct script {
	unsigned char connack[64];
	size_t connack_size;
	int suback; /* -1: none */
	unsigned char then[64];
	size_t then_size;
	int version;
};

static size_t from_hex(const char *text, unsigned char *out, size_t room)
{
	size_t size = 0;

	while (text[0] != '\0' && text[1] != '\0' && size < room) {
		char pair[3] = {text[0], text[1], '\0'};

		out[size++] = (unsigned char)strtoul(pair, NULL, 16);
		text += 2;
	}
	return size;
}

static void put(int fd, const unsigned char *bytes, size_t size)
{
	if (size > 0 && write(fd, bytes, size) != (ssize_t)size) {
		perror("scripted_broker: write");
	}
}

static int get(int fd, unsigned char *bytes, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, bytes + got, size - got);

		if (n <= 0) {
			return -1;
		}
		got += (size_t)n;
	}
	return 0;
}

/* One packet: its first byte, and up to `room` bytes of its body. */
static int get_packet(int fd, unsigned char *first, unsigned char *body, size_t room)
{
	size_t size = 0;
	unsigned shift = 0;
	unsigned char byte;

	if (get(fd, first, 1) < 0) {
		return -1;
	}
	do {
		if (get(fd, &byte, 1) < 0) {
			return -1;
		}
		size |= (size_t)(byte & 0x7f) << shift;
		shift += 7;
	} while ((byte & 0x80) != 0 && shift < 28);
	return size > room ? -1 : get(fd, body, size);
}

static void answer_subscribe(int fd, const struct script *script, const unsigned char *body)
{
	unsigned char suback[6] = {0x90, 3, body[0], body[1], 0, 0};

	if (script->version == 5) {
		suback[1] = 4;
		suback[5] = (unsigned char)script->suback;
	} else {
		suback[4] = (unsigned char)script->suback;
	}
	put(fd, suback, script->version == 5 ? 6 : 5);
}

static void serve(int fd, const struct script *script)
{
	static unsigned char body[1 << 20];
	unsigned char first;

	while (get_packet(fd, &first, body, sizeof(body)) == 0) {
		int type = first >> 4;

		printf("packet %02x\n", first);
		fflush(stdout);
		if (type == 1) {
			put(fd, script->connack, script->connack_size);
		} else if (type == 8 && script->suback >= 0) {
			answer_subscribe(fd, script, body);
		} else if (type == 12) {
			put(fd, (const unsigned char *)"\xd0\0", 2);
		}
		if ((type == 1 && script->suback < 0) || type == 8) {
			put(fd, script->then, script->then_size);
		}
	}
}

static void read_option(struct script *script, const char *text)
{
	if (strncmp(text, "connack=", 8) == 0) {
		script->connack_size = from_hex(text + 8, script->connack, sizeof(script->connack));
	} else if (strncmp(text, "suback=", 7) == 0) {
		script->suback = text[7] != '\0' ? (int)strtoul(text + 7, NULL, 16) : -1;
	} else if (strncmp(text, "then=", 5) == 0) {
		script->then_size = from_hex(text + 5, script->then, sizeof(script->then));
	} else if (strncmp(text, "version=", 8) == 0) {
		script->version = text[8] - '0';
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct script script = {.suback = -1, .version = 5};
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;
	int i;

	if (argc < 2) {
		return EXIT_FAILURE;
	}
	for (i = 2; i < argc; i++) {
		read_option(&script, argv[i]);
	}
	address.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(listener, 8) < 0) {
		perror("scripted_broker");
		return EXIT_FAILURE;
	}
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0) {
			serve(fd, &script);
			close(fd);
		}
	}
}
