"""`stylejax completion`: a script for completing commands, flags, their values and files in a shell.

The scripts of tyro complete neither the values of positional arguments, such as names of weights, nor files there.
"""

import inspect
import shlex
import sys
from dataclasses import dataclass
from typing import Annotated

import tyro

from stylejax.choices import ShellName
from stylejax.cli.parsing import completer
from stylejax.cli.parsing.grammar import Grammar

_SCRIPTS: dict[ShellName, str] = {
    "bash": r"""
_stylejax() {
  local IFS=$'\n' word=${COMP_WORDS[COMP_CWORD]#=} offers
  offers=$(printf '%s' "$_stylejax_completer" | PYTHON - "${COMP_WORDS[@]:1:COMP_CWORD}" | cut -f 1)
  if [ "$offers" = "<files>" ]; then
    compopt -o filenames 2>/dev/null
    offers=$(compgen -f -- "$word")
  fi
  COMPREPLY=($offers)
}
complete -F _stylejax stylejax
""",
    "zsh": r"""
_stylejax() {
  local -a offers
  local line
  for line in ${(f)"$(print -r -- "$_stylejax_completer" | PYTHON - "${(@)words[2,CURRENT]}")"}; do
    if [[ $line == "<files>"* ]]; then
      _files
      return
    fi
    offers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
  done
  _describe stylejax offers
}
if [[ ${funcstack[1]} == _stylejax ]]; then
  _stylejax "$@"
else
  compdef _stylejax stylejax
fi
""",
    "fish": r"""
function _stylejax
  for line in (printf '%s' $_stylejax_completer | PYTHON - (commandline -opc)[2..-1] (commandline -ct))
    if string match -q -- '<files>*' $line
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete --no-files --command stylejax --arguments '(_stylejax)'
""",
}


@dataclass(frozen=True)
class Completion:
    """Print the script that lets your shell complete stylejax's commands and flags.

    Example: stylejax completion bash > ~/.local/share/bash-completion/completions/stylejax
    """

    shell: Annotated[tyro.conf.Positional[ShellName], tyro.conf.arg(metavar="SHELL")]
    """The shell that is to read the script: bash, zsh or fish."""


def completion_script(shell: ShellName, grammar: Grammar) -> str:
    """The script for a shell that completes the commands of a grammar."""
    source = inspect.getsource(completer)
    program = f"{source}\nprint_offers({grammar!r})"
    script = _SCRIPTS[shell].replace("PYTHON", shlex.quote(sys.executable))
    if shell == "fish":
        quoted = "'" + program.replace("\\", "\\\\").replace("'", "\\'") + "'"
        return f"set -g _stylejax_completer {quoted}\n{script}"
    return f"{'#compdef stylejax' if shell == 'zsh' else ''}\n_stylejax_completer={shlex.quote(program)}\n{script}".lstrip()
