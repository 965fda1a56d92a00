import click
import jinja2
import yaml


def text(name):
    word = yaml.safe_load("word: hello")["word"]
    return jinja2.Template("{{ word }} {{ name }}").render(word=word, name=click.unstyle(name))
