module example.com/sample

go 1.18

require example.com/right v1.2.0

require example.com/left v1.0.0 // indirect
