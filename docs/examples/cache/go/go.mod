module example.com/settings

go 1.18

require (
	github.com/fatih/color v1.16.0
	github.com/google/uuid v1.6.0
	github.com/pelletier/go-toml/v2 v2.0.9
	github.com/spf13/cobra v1.8.0
	golang.org/x/text v0.14.0
	gopkg.in/yaml.v3 v3.0.1
)

require (
	github.com/inconshreveable/mousetrap v1.1.0 // indirect
	github.com/mattn/go-colorable v0.1.13 // indirect
	github.com/mattn/go-isatty v0.0.20 // indirect
	github.com/spf13/pflag v1.0.5 // indirect
	golang.org/x/sys v0.14.0 // indirect
)
