"""Fashion-MNIST: 60,000 + 10,000 articles of Zalando, 28 × 28, grey, ten classes (https://arxiv.org/abs/1708.07747)."""

from __future__ import annotations

from functools import partial

from benchmarks.data.formats.idx import read_official
from benchmarks.data.store.recipe import File, Source

DIGESTS = {  # of the .gz file, of what is in it
    "train-images-idx3-ubyte.gz": (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train-labels-idx1-ubyte.gz": (
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k-images-idx3-ubyte.gz": (
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}

CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip

fashion_mnist = Source(
    title="Fashion-MNIST",
    homepage="https://github.com/zalandoresearch/fashion-mnist",
    licence="MIT",
    read=partial(read_official, classes=CLASSES),
    files=tuple(File(name, *digests) for name, digests in DIGESTS.items()),
    folders=("FashionMNIST/raw",),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    ),
)
