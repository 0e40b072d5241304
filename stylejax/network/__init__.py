"""The feature network, pure: a picture in, named features out.

Reading order: `layers`, `preprocessing`, `vgg`; `convolution` and its algorithms `winograd`, `im2col` and `batched_matmul`;
`padding`, `pooling`; `backend` and `algorithms`, which know the device.
"""
