"""Greets by a template."""
import click
import jinja2
import requests


def text(name):
    greeting = jinja2.Template("hello {{ name }}").render(name=name)
    return click.unstyle(greeting) + " " + requests.__title__
