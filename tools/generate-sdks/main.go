// Command generate-sdks writes the SDKs of a Pulumi package with Pulumi's own generators, into a directory for each language:
// generate-sdks SCHEMA DIRECTORY. Those of C# and Java are in modules that the module proxy does not serve.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "generate-sdks"

type files = map[string][]byte

var languages = map[string]schema.Language{
	"go":     gogen.Importer,
	"nodejs": nodejs.Importer,
	"python": python.Importer,
}

// Each generator changes the package that it is given.
var generators = map[string]func(*schema.Package) (files, error){
	"go":     func(p *schema.Package) (files, error) { return gogen.GeneratePackage(tool, p, nil) },
	"nodejs": func(p *schema.Package) (files, error) { return nodejs.GeneratePackage(tool, p, nil, nil, false, nil) },
	"python": func(p *schema.Package) (files, error) { return python.GeneratePackage(tool, p, nil, nil) },
}

func main() {
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(schemaFile, directory string) error {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		return err
	}
	for language, generator := range generators {
		spec := schema.PackageSpec{}
		if err := json.Unmarshal(text, &spec); err != nil {
			return err
		}
		pkg, err := schema.ImportSpec(spec, languages, schema.NewNullLoader(), schema.ValidationOptions{})
		if err != nil {
			return err
		}
		made, err := generator(pkg)
		if err != nil {
			return fmt.Errorf("%s: %w", language, err)
		}
		for name, content := range made {
			path := filepath.Join(directory, language, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
