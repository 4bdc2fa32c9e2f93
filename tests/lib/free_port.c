/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints a TCP port of 127.0.0.1 that is free now. The kernel picks it at random,
 * so that tests that run at the same time hardly ever get the same.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
		perror("free_port");
		return EXIT_FAILURE;
	}
	printf("%d\n", ntohs(address.sin_port));
	return EXIT_SUCCESS;
}
