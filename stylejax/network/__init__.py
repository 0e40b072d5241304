"""The feature network: pure functions from a picture to named features.

Reading order: `layers`, `preprocessing`, `vgg`; `convolution` and its algorithms `winograd`, `im2col` and `batched_matmul`;
`padding`, `pooling`; `backend` and `algorithms`, which know the device.
"""
