import pytest
import torch

from tests.torch.upstream_checkpoints import new_network, upstream_state


@pytest.fixture
def state():
    return upstream_state(new_network())


@pytest.fixture
def saved(tmp_path):
    def save(content, **how):
        path = tmp_path / "theirs.pth"
        torch.save(content, path, **how)
        return path

    return save
