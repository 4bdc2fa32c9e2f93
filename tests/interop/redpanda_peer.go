// SPDX-License-Identifier: Apache-2.0
// The core of Redpanda Connect with all that etc/redpanda-connect.yaml uses but Kafka.
package main

import (
	"context"

	_ "github.com/redpanda-data/benthos/v4/public/components/io"
	_ "github.com/redpanda-data/benthos/v4/public/components/pure"
	"github.com/redpanda-data/benthos/v4/public/service"
)

func main() {
	service.RunCLI(context.Background())
}
