// Stands in for busybox's flock, which Debian leaves out: `flock FD` waits for the lock of an open file.
package main

import (
	"log"
	"os"
	"strconv"
	"syscall"
)

func main() {
	descriptor, err := strconv.Atoi(os.Args[1])
	if err == nil {
		err = syscall.Flock(descriptor, syscall.LOCK_EX)
	}
	if err != nil {
		log.Fatal("flock: ", err)
	}
}
