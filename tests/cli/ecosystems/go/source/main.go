package main

import "example.com/right"

func main() { println(right.Text()) }
