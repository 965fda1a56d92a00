// Prints a tree of settings, in colour, with a command line: enough modules to be worth a cache.
package main

import (
	"fmt"
	"os"

	"github.com/fatih/color"
	"github.com/google/uuid"
	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"gopkg.in/yaml.v3"
)

func main() {
	root := &cobra.Command{Use: "settings", RunE: func(cmd *cobra.Command, args []string) error {
		settings := map[string]any{"id": uuid.Nil.String(), "size": 1234567}
		text, err := yaml.Marshal(settings)
		if err != nil {
			return err
		}
		color.New(color.FgGreen).Print(string(text))
		if text, err = toml.Marshal(settings); err != nil {
			return err
		}
		fmt.Print(string(text))
		message.NewPrinter(language.German).Println(settings["size"])
		return nil
	}}
	if root.Execute() != nil {
		os.Exit(1)
	}
}
