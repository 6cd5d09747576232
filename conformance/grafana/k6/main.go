// k6, as its own main package builds it.
package main

import "go.k6.io/k6/cmd"

func main() { cmd.Execute() }
