// Package zzglob stands in for the module of this name, which not every module proxy serves. The agent
// needs it for patterns of files (artifacts, if_changed, keys of caches) and for nothing else. Every
// pattern is refused, so that nothing matches wrongly.
package zzglob

import (
	"context"
	"errors"
	"io/fs"
)

var errNotBuiltIn = errors.New("this build of the agent knows no patterns of files")

type (
	Pattern     struct{}
	ParseOption func()
	GlobOption  func()
)

func Parse(string, ...ParseOption) (*Pattern, error) { return nil, errNotBuiltIn }

func ExpandTilde(bool) ParseOption { return func() {} }

func TraverseSymlinks(bool) GlobOption { return func() {} }

func WalkIntermediateDirs(bool) GlobOption { return func() {} }

func MultiGlob(context.Context, []*Pattern, fs.WalkDirFunc, ...GlobOption) error {
	return errNotBuiltIn
}

func (*Pattern) Match(string) bool { return false }

func (*Pattern) Glob(fs.WalkDirFunc, ...GlobOption) error { return errNotBuiltIn }
