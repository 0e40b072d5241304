"""The introduction that `stylejax` and `stylejax stylize` print without arguments."""

BEGIN = """\
Two pictures in, a painted picture out. To begin, let stylejax bring the pictures:

    stylejax demo
    stylejax stylize stylejax-demo/photograph.png stylejax-demo/style_waves.png -o painted.png

Then take your own: first the photograph, then the painting whose style it gets.

Every setting:       stylejax stylize --help
Every other command: stylejax --help"""
