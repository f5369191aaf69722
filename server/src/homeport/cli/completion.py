"""`homeport completion`: what makes a shell complete our words."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script with which SHELL completes commands and options.

    bash: homeport completion bash > ~/.local/share/bash-completion/completions/homeport
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only here

    root = context.find_root()
    kind = get_completion_class(shell)
    assert kind is not None
    script = kind(root.command, {}, "homeport", "_HOMEPORT_COMPLETE")
    click.echo(script.source_template % script.source_vars())
